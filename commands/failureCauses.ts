import type { Project } from "./target";

/** What the sentences name, as far as it is known. */
type Names = Pick<Project, "unlock" | "builderLog" | "registry">;
/** A line of pulumi's output that stands for a cause, and the sentence about it. */
type Cause = readonly [line: RegExp, sentence: (names: Names, line: string) => string];

const pulumiCancel = "pulumi cancel --yes";

const causes: readonly Cause[] = [
  [
    /^registry: .*(no space left on device|disk quota exceeded)/,
    ({ registry }) =>
      `The registry's disk is full: ${registry?.storage}. Free some space there, then run the same command again.`,
  ],
  [
    /^registry: /,
    (_, line) =>
      `The registry failed (${line.replace("registry: ", "")}). Correct what its log says, then run the same command again.`,
  ],
  [
    /the stack is currently locked|Another update is currently in progress/,
    ({ unlock = pulumiCancel }) =>
      `Another pulumi works on this stack, or one was killed and left its lock. If none runs: ${unlock}; then run the same command again.`,
  ],
  [
    /error reading from server: EOF|buildkit\S*\.sock: connect: |failed to list workers|closing transport due to: /,
    ({ builderLog = "see its own log" }) =>
      `BuildKit ended or cannot be reached (${builderLog}). Run the same command again: it starts BuildKit if it runs here.`,
  ],
  [
    /^pulumi: SIG|\^C received; terminating/,
    ({ unlock = pulumiCancel }) =>
      `pulumi was stopped at once. A tag that it was moving may still move: see make status. ` +
      `If the next run reports that the stack is locked: ${unlock}`,
  ],
  [
    /no space left on device/,
    () =>
      "A disk is full: that of BuildKit, of the registry or of .local. Free some space, then run the same command again.",
  ],
  [
    /failed to save snapshot|a problem deleting the lock/,
    ({ unlock = pulumiCancel }) =>
      `Pulumi could not write the stack's state. Make it writable, then: ${unlock}; then run the same command again.`,
  ],
  [
    /digest mismatch/,
    () =>
      "The server of Pulumi's releases sent BuildKit another file than this process has checked before, such as an error page. " +
      "Run the same command again.",
  ],
  [
    /401 Unauthorized|403 Forbidden|authorization token has expired|denied: /,
    () => "The registry refused the credentials, which may have expired. Run the same command again: it gets new ones.",
  ],
];

/** What a client sees of a failure elsewhere. */
const consequences: readonly Cause[] = [
  [
    /invalid content range/,
    () =>
      "The registry had stored a part of a layer when the upload broke off, such as by a full disk: its log says why. " +
      "Run the same command again.",
  ],
  [
    /i\/o timeout|context deadline exceeded|connection re(set|fused)|unexpected EOF|50[0234] (Internal|Bad|Service|Gateway)/,
    () => "A server failed for a while, or the network. Run the same command again when it answers.",
  ],
];

/**
 * Collects the likely causes of a failure from the lines that pulumi prints and what the registry has logged, each once. A
 * consequence counts only if nothing else is known.
 */
export function collectCauses(names: Names) {
  const kinds = [causes, consequences].map((kind) => ({ kind, found: new Set<string>() }));
  return {
    add: (line: string) => {
      for (const { kind, found } of kinds) {
        // The first that fits: the later ones are more general.
        const cause = kind.find(([pattern]) => pattern.test(line));
        if (cause !== undefined) found.add(cause[1](names, line));
      }
    },
    sentences: () => [...(kinds.find(({ found }) => found.size > 0)?.found ?? [])],
  };
}
