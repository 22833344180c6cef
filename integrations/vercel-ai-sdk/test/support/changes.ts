/** Where two JSON values differ. */

export interface Change {
  path: string;
  before: unknown;
  after: unknown;
}

/** Return the leaves in which two JSON values differ, in order. */
export function changes(before: unknown, after: unknown, path = "$"): Change[] {
  if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    return before.flatMap((one, index) => changes(one, after[index], `${path}[${index}]`));
  }
  if (isRecord(before) && isRecord(after) && sameKeys(before, after)) {
    return Object.keys(before).flatMap((key) => changes(before[key], after[key], `${path}.${key}`));
  }
  return Object.is(before, after) ? [] : [{ path, before, after }];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function sameKeys(one: object, other: object): boolean {
  return JSON.stringify(Object.keys(one)) === JSON.stringify(Object.keys(other));
}
