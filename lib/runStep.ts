import { showLive } from "./liveLines";
import { formatDuration, indent, log } from "./log";
import { isWatched, paint, widthOf } from "./terminal";

/** A step while it runs. */
export interface Step {
  /** What it does now: for people who wait. */
  doing: string;
  /** What it did, for the line that remains; `doing` if it is not set. */
  done?: string;
  /** How many minutes it takes at most, as measured; an estimate that turns out wrong is no longer shown. */
  minutes?: number;
}

/** When a step without a terminal logs that it still runs, in milliseconds: most steps end before. */
const [first, next] = [3000, 30_000];
/** The steps that run now, in their order, by what their live line is. */
const running = new Set<() => string>();
let redraw: NodeJS.Timeout | undefined;

/**
 * Runs a step of a part. Logs one line when it has ended, with its time if that is a second or more. Until then, a person at a
 * terminal sees what it does and how long it has taken, and others are told now and then.
 */
export async function runStep<T>(part: string, doing: string, work: (step: Step) => Promise<T>): Promise<T> {
  const step: Step = { doing };
  const began = Date.now();
  const took = () => formatDuration(Date.now() - began);
  const time = () => {
    const { minutes = 0 } = step;
    return Date.now() - began < minutes * 60_000 ? `${took()} of up to ${minutes} min` : took();
  };
  const leave = isWatched()
    ? show(() => liveLine(part, step.doing, time()))
    : report(() => log(part, `${step.doing} … ${time()}`));
  try {
    const result = await work(step);
    leave();
    const text = step.done ?? step.doing;
    log(part, Date.now() - began < 1000 ? text : `${text} ${paint("dim", `(${took()})`)}`);
    return result;
  } finally {
    leave();
  }
}

/** Removes the lines of steps that will not end, before the process does. */
export function abandonSteps(): void {
  running.clear();
  draw();
}

function liveLine(part: string, doing: string, time: string): string {
  const space = widthOf() - indent - time.length - 2;
  const text = doing.length > space ? `${doing.slice(0, Math.max(space - 1, 0))}…` : doing;
  return paint("cyan", `  ${part.padEnd(indent - 3)} ${text}  ${time}`);
}

function show(line: () => string): () => void {
  running.add(line);
  redraw ??= setInterval(draw, 250);
  return () => {
    running.delete(line);
    draw();
  };
}

function draw(): void {
  showLive([...running].map((line) => line()));
  if (running.size > 0) return;
  clearInterval(redraw);
  redraw = undefined;
}

function report(line: () => void): () => void {
  let timer = setTimeout(again, first);
  function again(): void {
    line();
    timer = setTimeout(again, next);
  }
  return () => clearTimeout(timer);
}
