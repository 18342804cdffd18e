/** Roles in words, and what a key of somebody with a role may hold: the table of docs/identity.md. */
import type { KeyScope, Role } from '../api/types.ts';
import type { MessageKey } from '../i18n/en.ts';
import { t } from '../i18n/i18n.svelte.ts';

const NAMES: Record<Role, MessageKey> = {
  user: 'account.role_user',
  operator: 'account.role_operator',
  admin: 'account.role_admin',
};

const SCOPE_NAMES: Record<KeyScope, MessageKey> = {
  'jobs:read': 'keys.scope_jobs_read',
  'jobs:write': 'keys.scope_jobs_write',
  webhooks: 'keys.scope_webhooks',
  'admin:read': 'keys.scope_admin_read',
  'admin:write': 'keys.scope_admin_write',
};

export const ROLES = Object.keys(NAMES) as Role[];

export function roleName(role: Role): string {
  return t(NAMES[role]);
}

export function scopeName(scope: KeyScope): string {
  return t(SCOPE_NAMES[scope]);
}

export function keyScopesOf(role: Role): KeyScope[] {
  const all = Object.keys(SCOPE_NAMES) as KeyScope[];
  if (role === 'admin') return all;
  return all.filter((scope) => scope !== 'admin:write' && (scope !== 'admin:read' || role === 'operator'));
}
