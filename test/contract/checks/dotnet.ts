// The ways in which projects for .NET are built and run.
import { existsSync } from "node:fs";

import { nugetPackages } from "../../../local/offline/nugetPackages";
import type { Box, RunOptions } from "../box";
import { type Check, NotTried } from "../check";
import { type Project, backend, deploys, pulumi, runs, trustsCompany, workspaceOf } from "./programs";

/**
 * Where projects restore packages from: the folder that the set-up of this machine filled, with a substitute for Pulumi's own
 * packages, because that machine has no NuGet registry; or else NuGet. A function, because tests set the machine up after
 * this file was loaded.
 */
export const packages = (): Pick<RunOptions, "network" | "mounts" | "env"> =>
  existsSync(nugetPackages)
    ? { mounts: { "/mnt/packages": nugetPackages }, env: { RestoreSources: "/mnt/packages" } }
    : { network: true };

/** A check of a project, which restores packages. */
const restores = (check: typeof deploys, name: string, project: Project): Check => ({
  ...check(name, project),
  find: (box) => check(name, { ...project, ...packages() }).find(box),
});

const source = "/mnt/workspace/source";

const all: readonly Check[] = [
  restores(deploys, "A C# project for net8.0, as Pulumi's template", {
    folder: "dotnet/csharp-net8.0",
    answer: "hello from C#",
  }),
  restores(runs, "An F# project for net8.0, as Pulumi's template", {
    folder: "dotnet/fsharp-net8.0",
    answer: "hello from F#",
  }),
  restores(runs, "A VB project for net8.0, as Pulumi's template", {
    folder: "dotnet/vb-net8.0",
    answer: "hello from VB",
  }),
  restores(runs, "A C# project for net10.0", { folder: "dotnet/csharp-net10.0", answer: "hello from C#" }),
  {
    name: "A program knows cultures, time zones of both names, and letters beyond ASCII",
    expected: "0,5; 02:00; 02:00; jaźń",
    find: async (box) => {
      const run = await open(box, "dotnet/surroundings");
      await run(pulumi("up --yes --skip-preview"));
      return run("pulumi stack output answer --stack contract");
    },
  },
  {
    name: "A deployment as the default user in a new HOME prints no error",
    expected: "none",
    find: async (box) => {
      const run = await open(box, "dotnet/csharp-net10.0");
      const lines = (await run(pulumi("up --yes --skip-preview"))).split("\n");
      // MSBuild may count them.
      return lines.find((line) => /\berror\b/i.test(line.replace(" 0 Error(s)", "")))?.trim() ?? "none";
    },
  },
  {
    name: "A program that an earlier phase published, by the option binary",
    expected: "deployed",
    find: async (box) => {
      const run = await open(box, "dotnet/csharp-net10.0");
      const options = "runtime: { name: dotnet, options: { binary: out/csharp.dll } }";
      await run(`dotnet publish --output out && sed -i 's|^runtime:.*|${options}|' Pulumi.yaml`);
      await run(pulumi("up --yes --skip-preview"), offline);
      return "deployed";
    },
  },
  {
    name: "NUGET_PACKAGES in the workspace: the next phase needs no network",
    expected: "deployed",
    find: async (box) => {
      const env = { ...packages().env, NUGET_PACKAGES: "/mnt/workspace/.nuget/packages" };
      const run = await open(box, "dotnet/csharp-net10.0");
      await run(pulumi("preview"), { env });
      // The same sources, but none of them is there.
      await run(pulumi("up --yes --skip-preview"), { ...offline, env });
      return "deployed";
    },
  },
  {
    name: "dotnet tool install --global: the command is on PATH",
    expected: "Hello, World!",
    find: async (box) => {
      const pack =
        "dotnet new console --output hello && dotnet pack hello --property:PackAsTool=true --output packages";
      const output = await box.succeed(`${pack} && dotnet tool install --global --source packages hello && hello`);
      return output.split("\n").at(-1) ?? "";
    },
  },
  {
    name: "A global.json that asks for an SDK which is not here: the message names it",
    expected: "8.0.100",
    find: async (box) => {
      const script = `echo '{ "sdk": { "version": "8.0.100" } }' >global.json && dotnet build`;
      const { exitCode, output } = await box.run(script);
      if (exitCode === 0) return "dotnet build succeeds";
      return /^Requested SDK version: (\S+)$/m.exec(output)?.[1] ?? output;
    },
  },
  ...trustsCompany(".NET's HttpClient trusts", {
    install:
      "dotnet new console --output get && " +
      "echo 'Console.WriteLine(await new HttpClient().GetStringAsync(args[0]));' >get/Program.cs && " +
      "dotnet build get --output out",
    request: (url) => `dotnet out/get.dll ${url}`,
  }),
];

/** The checks of an image for .NET. */
export const checks: readonly Check[] = all.map((check) => ({
  ...check,
  find: async (box: Box) => {
    await requireSdk(box);
    return check.find(box);
  },
}));

const sdks = new WeakMap<Box, Promise<string>>();

/** @throws {NotTried} for our substitute for the SDK, local/offline/tools/dotnet-substitute */
export async function requireSdk(box: Box): Promise<void> {
  const answer = sdks.get(box) ?? box.run("touch any.csproj && dotnet restore").then(({ output }) => output);
  sdks.set(box, answer);
  if (/^A substitute for the \.NET SDK/m.test(await answer)) {
    throw new NotTried("substitute: the image has a dotnet command that compiles nothing");
  }
}

/** A phase without the packages, as if NuGet could not be reached. */
const offline: RunOptions = { mounts: {}, network: false };

/** Creates a workspace with a project and an empty stack. Returns what runs a phase in it, which prints its output. */
async function open(box: Box, folder: string): Promise<(script: string, options?: RunOptions) => Promise<string>> {
  const workspace = await workspaceOf(box, folder);
  const common = { workspace, cwd: source };
  const run = (script: string, { env, ...options }: RunOptions = {}) =>
    box.succeed(script, { ...common, ...packages(), ...options, env: { ...backend, ...packages().env, ...env } });
  await run("mkdir -p ../state && pulumi stack init contract", offline);
  return run;
}
