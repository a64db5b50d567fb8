interface EngineEvent {
  readonly timestamp: number;
  readonly resourcePreEvent?: { readonly metadata: StepMetadata };
  readonly resOutputsEvent?: { readonly metadata: StepMetadata };
}

interface StepMetadata {
  readonly urn: string;
}

/**
 * Tells by the engine's events, a line of JSON each, how many seconds each resource took, by the last part of its URN.
 * They have whole seconds.
 */
export function readTimings(events: string): Map<string, number> {
  const started = new Map<string, number>();
  const timings = new Map<string, number>();
  for (const line of events.split("\n").filter(Boolean)) {
    const { timestamp, resourcePreEvent, resOutputsEvent } = JSON.parse(line) as EngineEvent;
    if (resourcePreEvent !== undefined) started.set(nameOf(resourcePreEvent.metadata), timestamp);
    if (resOutputsEvent !== undefined) {
      const name = nameOf(resOutputsEvent.metadata);
      timings.set(name, timestamp - (started.get(name) ?? timestamp));
    }
  }
  return timings;
}

function nameOf({ urn }: StepMetadata): string {
  return urn.replace(/^.*::/, "");
}
