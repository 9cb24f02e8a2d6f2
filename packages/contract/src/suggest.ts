/** Least number of insertions, deletions, replacements and swaps of neighbours that make `b` of `a`. */
export function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    const above = rows[i - 1] ?? [];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (rows[i - 2]?.[j - 2] ?? 0) + 1 : replaced;
      row.push(Math.min((above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, replaced, swapped));
    }
    rows.push(row);
  }
  return rows[a.length]?.[b.length] ?? 0;
}

/** Words are compared as people mix them up: `gateway_ip`, `gatewayip` and `gatewayIp` are one. */
function plain(word: string): string {
  return word.toLowerCase().replace(/[-_\s]/g, '');
}

/**
 * The candidate that was most likely meant, if any is near: a third of the letters may be wrong.
 * A word that begins a single candidate means that one, too.
 */
export function suggest(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = plain(word);
  const ranked = [...new Set(candidates)]
    .map((candidate) => ({ candidate, distance: editDistance(wanted, plain(candidate)) }))
    .sort((a, b) => a.distance - b.distance || a.candidate.localeCompare(b.candidate));
  const [nearest] = ranked;
  if (nearest === undefined) return undefined;
  const bound = Math.max(1, Math.floor(Math.max(wanted.length, plain(nearest.candidate).length) / 3));
  if (nearest.distance <= bound) return nearest.candidate;
  const begun = ranked.filter(({ candidate }) => wanted.length >= 3 && plain(candidate).startsWith(wanted));
  return begun.length === 1 ? begun[0]?.candidate : undefined;
}

/** `; did you mean 'x'?`, or nothing when no candidate is near. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const found = suggest(word, candidates);
  return found === undefined ? '' : `; did you mean '${found}'?`;
}
