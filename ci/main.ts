import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { tagAskedFor } from "./asked";
import { runCommand } from "./command";
import { comment, pullRequestFromEnvironment } from "./comment";
import { configure } from "./configure";
import { Clone } from "./git";
import { gitHubFromEnvironment, repositoryFromEnvironment } from "./github";
import { manifestOfStack } from "./manifest/stack";
import { notesFromEnvironment, publishNotes } from "./notes";
import { release } from "./release";
import { review } from "./review";
import { findingsFromEnvironment, uploadSarif } from "./sarif";
import { listPublished } from "./subjects";
import { watchFromEnvironment } from "./watch/watch";

const checkout = join(__dirname, "..");
/** Where pulumi's whole output goes, and what one step leaves for another. */
const logs = join(checkout, ".local");

/** The commands that the steps of the workflows call, by the Makefile. What they need comes by the environment, so that no shell reads it. */
runCommand({
  configure: () => configure(tagAskedFor(), new Clone(checkout)),
  release: () => {
    mkdirSync(logs, { recursive: true });
    return release({ folder: checkout, env: process.env, logs });
  },
  manifest: () => manifestOfStack(tagAskedFor(), checkout, logs),
  review: () => review(process.env["STACK"], new Clone(checkout), logs),
  comment: () => comment(gitHubFromEnvironment(), pullRequestFromEnvironment(), logs),
  notes: () => {
    const { tag, body } = notesFromEnvironment();
    return publishNotes(gitHubFromEnvironment(), repositoryFromEnvironment(), tag, body);
  },
  published: () => listPublished(process.env["STACK"] ?? "prod", process.env["IMAGE_TAG"] ?? "latest", checkout),
  sarif: () => uploadSarif(gitHubFromEnvironment(), repositoryFromEnvironment(), findingsFromEnvironment()),
  watch: () => watchFromEnvironment(checkout),
});
