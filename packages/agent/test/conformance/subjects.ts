import { Dnsmasq } from './dnsmasq.ts';
import { Kcore } from './kcore.ts';
import { Kea } from './kea.ts';
import type { MakeSubject, SubjectName } from './subject.ts';

export const SUBJECTS: Readonly<Record<SubjectName, MakeSubject>> = {
  kcore: (place) => new Kcore(place),
  dnsmasq: (place) => new Dnsmasq(place),
  Kea: (place) => new Kea(place),
};

export function subjectOf(name: string): MakeSubject {
  const make = (SUBJECTS as Readonly<Record<string, MakeSubject>>)[name];
  if (make === undefined) throw new Error(`no server '${name}': one of ${Object.keys(SUBJECTS).join(', ')}`);
  return make;
}
