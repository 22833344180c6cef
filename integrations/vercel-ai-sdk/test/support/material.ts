/** Tool outputs of the usual kinds, made by rule. */

const LEVELS = ["INFO", "INFO", "DEBUG", "INFO", "WARN"];

/** Rows as a query returns them. */
export function rows(count: number, from = 0): { id: number; name: string; status: string; total: number }[] {
  return Array.from({ length: count }, (_, index) => {
    const id = from + index;
    return { id, name: `order ${id}`, status: id % 17 === 0 ? "failed" : "shipped", total: id * 3.5 };
  });
}

/** Lines as a service logs them. */
export function log(count: number, seed = 0): string {
  const lines = Array.from({ length: count }, (_, index) => {
    const time = `2026-11-21T10:${String(Math.floor(index / 60)).padStart(2, "0")}:${String(index % 60).padStart(2, "0")}Z`;
    const level = LEVELS[(index + seed) % LEVELS.length];
    return `${time} ${level} worker-${(index * 7 + seed) % 5} request finished in ${(index * 37 + seed) % 251} ms`;
  });
  return lines.join("\n");
}

/** Lines that have little in common. */
export function noise(count: number): string {
  let state = 1;
  const word = (): string => {
    state = (state * 48_271) % 2_147_483_647;
    return state.toString(36);
  };
  return Array.from({ length: count }, (_, n) => `2026-11-21T10:00:00Z INFO ${word()} went to ${word()} ${n}`).join(
    "\n",
  );
}

export const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
