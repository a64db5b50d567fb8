// How long containers of our images take until Pulumi has done something.
import { join } from "node:path";

import { programs } from "../contract/checks/programs";
import { workerEnvironment } from "../contract/phases";
import type { RuncBox } from "../contract/runcBox";
import { openBox } from "../helpers/derivedImage";
import type { Scratch } from "../helpers/scratch";
import { type Figure, compare, time } from "./figures";
import { newer, release, up } from "./releases";

const rounds = 5;

/**
 * A small program for each language: its folder in test/contract/programs, what a hook installs, and the language's caches in
 * the workspace. None for .NET, because a machine without internet has only a substitute of its SDK, which compiles nothing.
 */
const projects: Readonly<Record<string, { folder: string; install?: string; env?: Record<string, string> }>> = {
  javascript: { folder: "javascript/npm", install: "npm install" },
  python: { folder: "python/pip", install: "python -m venv venv && venv/bin/pip install --quiet -r requirements.txt" },
  golang: {
    folder: "golang/module",
    install: "go mod tidy",
    env: { GOMODCACHE: "/mnt/workspace/.cache/go-mod", GOCACHE: "/mnt/workspace/.cache/go-build" },
  },
  java: {
    folder: "java/maven",
    install: "mvn --quiet --batch-mode dependency:resolve",
    env: { MAVEN_ARGS: "-Dmaven.repo.local=/mnt/workspace/.m2" },
  },
  yaml: { folder: "yaml/settings" },
};

/** `pulumi version`, and each language's first preview with nothing but its packages, then the next one. */
export async function measureStarts(scratch: Scratch): Promise<Figure[]> {
  await up(scratch, release(newer));
  const figures: Figure[] = [];
  for (const [language, project] of Object.entries(projects)) {
    const box = await openBox(scratch, `${scratch.repository(language)}:v${newer}`);
    try {
      if (language === "yaml") figures.push(await measureVersion(box));
      figures.push(...(await measurePreviews(box, language, project)));
    } finally {
      await box.close();
    }
  }
  return figures;
}

/** What `pulumi version` takes in a new container, against a command that does nothing. */
async function measureVersion(box: RuncBox): Promise<Figure> {
  const { version, nothing } = await compare(
    { version: () => box.succeed("pulumi version"), nothing: () => box.succeed("true") },
    rounds,
  );
  return {
    ...{ name: "pulumi version in a new container", unit: "s", measured: version },
    limit: { value: nothing, of: "true in a new container" },
  };
}

async function measurePreviews(box: RuncBox, language: string, project: (typeof projects)[string]): Promise<Figure[]> {
  const workspace = await box.workspace(join(programs, project.folder));
  const env = { ...workerEnvironment(box), ...project.env };
  const run = (script: string) => box.succeed(`cd source && ${script}`, { workspace, env, network: true });
  if (project.install !== undefined) await run(project.install);
  const logIn = "mkdir -p ../state && pulumi login file:///mnt/workspace/state && pulumi stack select --create dev";
  await run(logIn);
  const preview = () => run(`${logIn} && pulumi preview --non-interactive`);
  const first = await time(preview);
  const { next } = await compare({ next: preview }, rounds);
  return [
    {
      ...{ name: `first preview of ${language}`, unit: "s", measured: first },
      limit: { value: next, of: "the next ones" },
    },
  ];
}
