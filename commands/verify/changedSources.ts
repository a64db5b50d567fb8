import type { Clone } from "../../lib/git";

/** The files of a checkout that an image's content depends on. */
const sources = [
  "dockerfiles",
  ...["build", "catalogue", "dockerfile", "labels", "runnerImage"].map((name) => `images/${name}.ts`),
];

/**
 * Compares a checkout's sources of the images with those of a commit or tag: the likeliest cause of a difference.
 * @returns a sentence that names the files that differ; undefined if none does
 */
export async function changedSources(clone: Clone, revision: string): Promise<string | undefined> {
  const commit = await clone.commit(revision);
  if (commit === undefined) return `This checkout has no tag ${revision}: its Dockerfiles may be another commit's.`;
  const changed = await clone.git("diff", "--name-only", commit, "--", ...sources);
  if (changed === "") return undefined;
  return (
    `This checkout differs from ${revision} (${commit.slice(0, 12)}) in ${changed.split("\n").join(", ")}. ` +
    `Check that commit out and verify again. If the release was dispatched from main, "gh attestation verify" names its commit.`
  );
}
