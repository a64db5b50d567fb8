// How long containers of our images take until Pulumi has done something.
import { join } from "node:path";

import type { RunOptions } from "../contract/box";
import { NotTried } from "../contract/check";
import { packages, requireSdk } from "../contract/checks/dotnet";
import { programs } from "../contract/checks/programs";
import { workerEnvironment } from "../contract/phases";
import type { RuncBox } from "../contract/runcBox";
import { log } from "../../lib/log";
import { openBox } from "../helpers/derivedImage";
import type { Scratch } from "../helpers/scratch";
import { type Figure, compare, time } from "./figures";
import { newer, release, up } from "./releases";

const rounds = 5;

/** A small program: its folder in test/contract/programs, what a hook installs, and the language's caches in the workspace. */
interface Project {
  readonly folder: string;
  readonly install?: string;
  readonly options?: () => RunOptions;
}

const projects: Readonly<Record<string, Project>> = {
  javascript: { folder: "javascript/npm", install: "npm install" },
  python: { folder: "python/pip", install: "python -m venv venv && venv/bin/pip install --quiet -r requirements.txt" },
  golang: {
    folder: "golang/module",
    install: "go mod tidy",
    options: () => ({
      env: { GOMODCACHE: "/mnt/workspace/.cache/go-mod", GOCACHE: "/mnt/workspace/.cache/go-build" },
    }),
  },
  dotnet: {
    folder: "dotnet/csharp-net10.0",
    install: "dotnet restore",
    options: () => ({ ...packages(), env: { ...packages().env, NUGET_PACKAGES: "/mnt/workspace/.nuget" } }),
  },
  java: {
    folder: "java/maven",
    install: "mvn --quiet --batch-mode dependency:resolve",
    options: () => ({ env: { MAVEN_ARGS: "-Dmaven.repo.local=/mnt/workspace/.m2" } }),
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
      if (language === "dotnet") await requireSdk(box);
      figures.push(...(await measurePreviews(box, language, project)));
    } catch (error) {
      if (!(error instanceof NotTried)) throw error;
      log(language, error.message);
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

async function measurePreviews(box: RuncBox, language: string, project: Project): Promise<Figure[]> {
  const workspace = await box.workspace(join(programs, project.folder));
  const { env: own, ...options } = { network: true, ...project.options?.() };
  const env = { ...workerEnvironment(box), ...own };
  const run = (script: string) => box.succeed(`cd source && ${script}`, { workspace, ...options, env });
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
