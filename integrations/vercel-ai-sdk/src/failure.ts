/**
 * What kept the service from answering:
 * `unreachable` no connection, or it broke; `timeout` no answer in time; `refused` a status other than 2xx;
 * `garbage` an answer that does not fit the question; `internal` something in this package or in the caller's values.
 */
export type FailureReason = "unreachable" | "timeout" | "refused" | "garbage" | "internal";

/** Why nothing was shortened. `status` is that of the service's answer, if it refused. */
export class HeadroomError extends Error {
  override readonly name = "HeadroomError";
  readonly reason: FailureReason;
  readonly status: number | undefined;

  constructor(reason: FailureReason, message: string, details: { status?: number; cause?: unknown } = {}) {
    super(message, "cause" in details ? { cause: details.cause } : undefined);
    this.reason = reason;
    this.status = details.status;
  }
}

/** Return any error as one of ours. */
export function failureOf(error: unknown): HeadroomError {
  if (error instanceof HeadroomError) return error;
  return new HeadroomError("internal", error instanceof Error ? error.message : String(error), { cause: error });
}

/** Told of each failure after which a call went on as it came. */
export type OnWarning = (failure: HeadroomError) => void;

/** Return what tells of failures: the caller's callback, or else the console, the first time. Never throws. */
export function warner(onWarning: OnWarning | undefined): OnWarning {
  if (onWarning !== undefined) return (failure) => quietly(() => onWarning(failure));
  let isTold = false;
  return (failure) => {
    if (!isTold) quietly(() => console.warn(`headroom: sent as it came (${failure.reason}): ${failure.message}`));
    isTold = true;
  };
}

/** Run a callback of the caller; what it throws, or rejects with, must not stop the call that it is told about. */
export function quietly(callback: () => unknown): void {
  try {
    Promise.resolve(callback()).catch(() => undefined);
  } catch {
    // The callback is an observer.
  }
}
