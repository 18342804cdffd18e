/** Numbers, moments and durations as a reader of the page's language expects them. */
import { i18n } from './i18n.svelte.ts';

/** 3:07, or 1:02:03 from one hour on. Seconds are cut, as a player's clock does. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const s = String(whole % 60).padStart(2, '0');
  const m = Math.floor(whole / 60) % 60;
  const h = Math.floor(whole / 3600);
  return h > 0 ? `${String(h)}:${String(m).padStart(2, '0')}:${s}` : `${String(m)}:${s}`;
}

/** A duration for reading: 8.4 s, 42 s, 3 min 20 s, 1 h 2 min. */
export function duration(seconds: number): string {
  const unit = (value: number, name: string, digits = 0): string =>
    new Intl.NumberFormat(i18n.tag, {
      style: 'unit',
      unit: name,
      unitDisplay: 'short',
      maximumFractionDigits: digits,
    }).format(value);
  if (seconds < 9.95) return unit(seconds, 'second', 1);
  const whole = Math.round(seconds);
  if (whole < 60) return unit(whole, 'second');
  if (whole < 3600) {
    const rest = whole % 60;
    const minutes = unit(Math.floor(whole / 60), 'minute');
    return rest === 0 ? minutes : `${minutes} ${unit(rest, 'second')}`;
  }
  const minutes = Math.round(whole / 60);
  const rest = minutes % 60;
  const hours = unit(Math.floor(minutes / 60), 'hour');
  return rest === 0 ? hours : `${hours} ${unit(rest, 'minute')}`;
}

/** Bytes in decimal units, as file managers show them: 2.4 MB. */
export function fileSize(bytes: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;
  let value = bytes;
  let index = 0;
  while (value >= 999.5 && index < units.length - 1) {
    value /= 1000;
    index += 1;
  }
  return new Intl.NumberFormat(i18n.tag, {
    style: 'unit',
    unit: units[index] ?? 'byte',
    unitDisplay: index === 0 ? 'long' : 'short',
    maximumFractionDigits: index > 0 && value < 10 ? 1 : 0,
  }).format(value);
}

/** A whole number: 1,200. */
export function number(value: number): string {
  return new Intl.NumberFormat(i18n.tag, { maximumFractionDigits: 0 }).format(value);
}

/** A share of 1 as a percentage, cut and not rounded: 99.7 % is not certain. */
export function percent(share: number): string {
  return new Intl.NumberFormat(i18n.tag, { style: 'percent' }).format(Math.floor(share * 100) / 100);
}

/** Date and time in the reader's zone: the time alone for today, the year only when it is another one. */
export function moment(iso: string, now: Date = new Date()): string {
  const at = new Date(iso);
  const time: Intl.DateTimeFormatOptions = { hour: 'numeric', minute: '2-digit' };
  if (at.toDateString() === now.toDateString()) return new Intl.DateTimeFormat(i18n.tag, time).format(at);
  const day: Intl.DateTimeFormatOptions = { day: 'numeric', month: 'short', ...time };
  if (at.getFullYear() !== now.getFullYear()) day.year = 'numeric';
  return new Intl.DateTimeFormat(i18n.tag, day).format(at);
}

/** The name of a spoken language, in the page's language; `known` holds the service's English names. */
export function languageName(code: string, known: Record<string, string> = {}): string {
  try {
    return (
      new Intl.DisplayNames(i18n.tag, { type: 'language', fallback: 'none' }).of(code) ?? known[code] ?? code
    );
  } catch {
    return known[code] ?? code;
  }
}
