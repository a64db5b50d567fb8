import type { Project } from "./target";

/** A line of pulumi's output that stands for a cause, and the sentence about it. */
type Cause = readonly [line: RegExp, sentence: (project: Project) => string];

const pulumiCancel = "pulumi cancel --yes";

const causes: readonly Cause[] = [
  [
    /the stack is currently locked|Another update is currently in progress/,
    ({ unlock = pulumiCancel }) =>
      `Another pulumi works on this stack, or one was killed and left its lock. If none runs: ${unlock}`,
  ],
  [
    /error reading from server: EOF|buildkit\S*\.sock: connect: |failed to list workers|closing transport due to: /,
    ({ builderLog = "see its own log" }) =>
      `BuildKit ended or cannot be reached (${builderLog}). Run the same command again: it starts BuildKit if it runs here.`,
  ],
  [
    /^pulumi: SIG/,
    ({ unlock = pulumiCancel }) => `pulumi was killed. If the next run reports that the stack is locked: ${unlock}`,
  ],
  [
    /no space left on device/,
    () =>
      "A disk is full: that of BuildKit, of the registry or of .local. Free some space, then run the same command again.",
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
  [
    /i\/o timeout|context deadline exceeded|connection re(set|fused)|unexpected EOF|50[0234] (Internal|Bad|Service|Gateway)/,
    () => "A server failed for a while, or the network. Run the same command again when it answers.",
  ],
];

/** Collects the likely causes of a failure from the lines that pulumi prints, each once. */
export function collectCauses(project: Project) {
  const found = new Set<string>();
  return {
    add: (line: string) => {
      // The first that fits: the later ones are more general.
      const cause = causes.find(([pattern]) => pattern.test(line));
      if (cause !== undefined) found.add(cause[1](project));
    },
    sentences: () => [...found],
  };
}
