import type { Case } from './case.ts';
import { ADDRESS_CASES } from './cases/addresses.ts';
import { CLIENT_CASES } from './cases/clients.ts';
import { CROWD_CASES } from './cases/crowds.ts';
import { LINK_CASES } from './cases/links.ts';
import { MESSAGE_CASES } from './cases/messages.ts';
import { REQUEST_CASES } from './cases/requests.ts';

/** Every case. Those that wait for a lease to run out come early, so that others run meanwhile. */
export const CASES: readonly Case[] = [
  ...CLIENT_CASES.slice(0, 3),
  ...ADDRESS_CASES,
  ...CLIENT_CASES.slice(3),
  ...REQUEST_CASES,
  ...MESSAGE_CASES,
  ...LINK_CASES,
  ...CROWD_CASES,
];
