/**
 * The service's errors in German, by their stable code. English has no such list: there the service's own words are
 * shown, the same as in the API and the command line. A house test wants each code of the service's error tree here.
 */
export interface ProblemWords {
  title: string;
  hint: string;
}

export const problemsDe: Record<string, ProblemWords> = {
  internal_error: {
    title: 'Interner Fehler',
    hint: 'Versuchen Sie es noch einmal; geschieht es wieder, melden Sie die Anfragenummer.',
  },
  rejected: { title: 'Abgelehnt', hint: 'Berichtigen Sie die Eingabe und senden Sie sie noch einmal.' },
  invalid_input: {
    title: 'Ungültige Eingabe',
    hint: 'Berichtigen Sie die Eingabe und senden Sie sie noch einmal.',
  },
  unauthenticated: { title: 'Nicht angemeldet', hint: 'Melden Sie sich neu an.' },
  forbidden: { title: 'Nicht erlaubt', hint: 'Wenden Sie sich an die Administration.' },
  not_found: { title: 'Nicht gefunden', hint: 'Die Aufnahme wurde vielleicht gelöscht.' },
  wrong_state: {
    title: 'In diesem Zustand nicht möglich',
    hint: 'Laden Sie die Liste neu und sehen Sie nach dem jetzigen Stand.',
  },
  version_conflict: {
    title: 'Inzwischen geändert',
    hint: 'Laden Sie die neueste Fassung und machen Sie Ihre Änderungen an ihr noch einmal.',
  },
  already_exists: {
    title: 'Schon vorhanden',
    hint: 'Nehmen Sie einen anderen Namen oder ändern Sie das Vorhandene.',
  },
  idempotency_key_reused: {
    title: 'Schlüssel einer anderen Anfrage',
    hint: 'Nehmen Sie für eine neue Anfrage einen neuen Idempotency-Key; senden Sie zum Wiederholen genau dieselbe.',
  },
  mail_refused: {
    title: 'An die Adresse geht keine Mail',
    hint: 'Prüfen Sie die E-Mail-Adresse: Der Mailserver hat sie endgültig abgelehnt.',
  },
  receipt_invalid: {
    title: 'Kein Beleg dieses Dienstes',
    hint: 'Senden Sie die ganze Antwort der Löschung unverändert an den Dienst, der sie gegeben hat.',
  },
  too_large: { title: 'Zu groß', hint: 'Senden Sie weniger auf einmal.' },
  limit_reached: {
    title: 'Grenze erreicht',
    hint: 'Warten Sie etwas und versuchen Sie es dann noch einmal.',
  },
  minutes_used_up: {
    title: 'Die Minuten dieses Monats sind aufgebraucht',
    hint: 'Ihre Aufnahme ist noch da: Wiederholen Sie den Auftrag im nächsten Monat, oder wenn die Grenze angehoben wurde.',
  },
  recording_rejected: {
    title: 'Die Aufnahme lässt sich nicht transkribieren',
    hint: 'Spielen Sie die Datei auf Ihrem Gerät ab; exportieren Sie sie als WAV, MP3, M4A, FLAC, OGG oder WebM und laden Sie das hoch.',
  },
  recording_empty: {
    title: 'Die Aufnahme ist leer',
    hint: 'Der Upload enthält keine Bytes; prüfen Sie die Datei auf Ihrem Gerät und laden Sie sie noch einmal hoch.',
  },
  not_a_recording: {
    title: 'Das ist keine Aufnahme',
    hint: 'Spielen Sie die Datei auf Ihrem Gerät ab; exportieren Sie sie als WAV, MP3, M4A, FLAC, OGG oder WebM und laden Sie das hoch.',
  },
  no_audio_track: {
    title: 'Die Datei hat keine Tonspur',
    hint: 'Laden Sie die Aufnahme hoch, die eine Tonspur hat.',
  },
  recording_damaged: {
    title: 'Die Aufnahme ist beschädigt',
    hint: 'Die Datei endet zu früh oder ist innen defekt; kopieren Sie sie neu von der Quelle und laden Sie das hoch.',
  },
  recording_too_long: {
    title: 'Die Aufnahme ist zu lang',
    hint: 'Teilen Sie die Aufnahme und laden Sie die Stücke hoch.',
  },
  recording_too_short: {
    title: 'Die Aufnahme ist zu kurz',
    hint: 'In einer so kurzen Aufnahme gibt es nichts zu transkribieren.',
  },
  recording_too_large: {
    title: 'Die Aufnahme ist zu groß',
    hint: 'Komprimieren Sie die Aufnahme (für Sprache genügt Opus oder MP3) oder bitten Sie die Administration, die Grenze zu erhöhen.',
  },
  recording_replaced: {
    title: 'Die Aufnahme wurde während der Arbeit ersetzt',
    hint: 'Laden Sie die neue Aufnahme als neuen Auftrag hoch.',
  },
  upload_never_finished: {
    title: 'Der Upload wurde nie beendet',
    hint: 'Laden Sie die Aufnahme noch einmal hoch.',
  },
  source_refused: {
    title: 'Die Adresse führt zu keiner Aufnahme',
    hint: 'Öffnen Sie die Adresse in einem privaten Fenster: Sie muss ohne Anmeldung zur Aufnahme selbst führen.',
  },
  source_not_found: {
    title: 'Unter der Adresse liegt nichts',
    hint: 'Berichtigen Sie die Adresse und legen Sie einen neuen Auftrag an.',
  },
  source_too_large: {
    title: 'Die Aufnahme ist zu groß',
    hint: 'Komprimieren Sie die Aufnahme (für Sprache genügt Opus oder MP3) oder bitten Sie die Administration, die Grenze zu erhöhen.',
  },
  source_timed_out: {
    title: 'Die Aufnahme kam nicht rechtzeitig',
    hint: 'Die Quelle ist zu langsam und kann nicht fortsetzen; laden Sie die Aufnahme herunter und dann hier hoch.',
  },
  source_unavailable: {
    title: 'Die Quelle der Aufnahme antwortet nicht richtig',
    hint: 'Wiederholen Sie den Auftrag später.',
  },
  unavailable: {
    title: 'Zurzeit nicht verfügbar',
    hint: 'Nichts ist verloren; versuchen Sie es in einigen Sekunden noch einmal.',
  },
  storage_unavailable: {
    title: 'Der Speicher ist zurzeit nicht verfügbar',
    hint: 'Nichts ist verloren; versuchen Sie es in einigen Sekunden noch einmal.',
  },
  queue_unavailable: {
    title: 'Die Warteschlange ist zurzeit nicht verfügbar',
    hint: 'Nichts ist verloren; versuchen Sie es in einigen Sekunden noch einmal.',
  },
  mail_unavailable: {
    title: 'Der Mailversand ist zurzeit nicht verfügbar',
    hint: 'Versuchen Sie es in einigen Minuten noch einmal.',
  },
  event_bus_unavailable: {
    title: 'Der Ereignisbus ist zurzeit nicht verfügbar',
    hint: 'Nichts ist verloren; versuchen Sie es in einigen Sekunden noch einmal.',
  },
  engine_unavailable: {
    title: 'Die Spracherkennung ist zurzeit nicht verfügbar',
    hint: 'Nichts ist verloren; versuchen Sie es in einigen Sekunden noch einmal.',
  },
  model_unavailable: {
    title: 'Das Modell ist nicht verfügbar',
    hint: 'Die Administration kann sehen, welche Modelldatei fehlt und woher sie kommt.',
  },
  disk_full: {
    title: 'Der Speicherplatz des Dienstes ist voll',
    hint: 'Die Administration muss Platz schaffen. Nichts Angenommenes geht verloren.',
  },
  still_transcribing: {
    title: 'Wird noch transkribiert',
    hint: 'Warten Sie etwas und versuchen Sie es dann noch einmal.',
  },
  part_failed_repeatedly: {
    title: 'Ein Teil ist mehrmals fehlgeschlagen',
    hint: 'Starten Sie den Auftrag noch einmal, und melden Sie seine Nummer, wenn auch das fehlschlägt.',
  },
  parts_do_not_meet: {
    title: 'Die Teile passen nicht aneinander',
    hint: 'Starten Sie den Auftrag noch einmal, und melden Sie seine Nummer, wenn auch das fehlschlägt.',
  },
  misconfigured: {
    title: 'Nicht eingerichtet',
    hint: 'Die Administration muss die Einrichtung vervollständigen.',
  },
};
