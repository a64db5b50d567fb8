import { execa } from "execa";

/** The commands that the backend needs beside a daemon, and what a person knows them as. */
const plugins = { compose: "Docker Compose 2", buildx: "Docker Buildx" } as const;

/** Why Docker cannot run BuildKit and the registry for this user; undefined if it can. Takes a quarter of a second, or 5 s if no daemon answers. */
export async function whyUnusable(): Promise<string | undefined> {
  const [server, ...others] = await Promise.all([
    ask("version", "--format={{.Server.Os}}"),
    ...Object.entries(plugins).map(async ([command, title]) =>
      (await ask(command, "version")).failed ? `${title} is not installed` : undefined,
    ),
  ]);
  if (server.failed) return explain(server.code === "ENOENT" ? "ENOENT" : server.stderr);
  if (server.stdout !== "linux") return `Docker runs ${server.stdout} containers, not Linux ones`;
  return others.find((reason) => reason !== undefined);
}

/** Waits no longer than a person does: a daemon of another machine may never answer. */
const ask = (...args: string[]) => execa("docker", args, { reject: false, timeout: 5000, stdin: "ignore" });

/** Shortens what the client prints if the daemon does not answer. */
export function explain(error: string): string {
  if (error === "ENOENT") return "Docker is not installed";
  if (/permission denied/i.test(error))
    return "this user may not use Docker: it is not in the group of Docker's socket";
  return "Docker's daemon does not answer";
}

const howToGetIt: readonly (readonly [reason: RegExp, remedy: string])[] = [
  [/Compose/, "Install it: https://docs.docker.com/compose/install"],
  [/Buildx/, "Install it: https://github.com/docker/buildx#installing"],
  [/may not use/, "Join the group, then log in again: https://docs.docker.com/engine/install/linux-postinstall"],
  [/does not answer/, "Start Docker Desktop, or: sudo systemctl start docker"],
  [/containers/, "Switch Docker Desktop to Linux containers"],
  [/not installed/, "Install it: https://docs.docker.com/get-started/get-docker"],
];

/** What a person can do about a reason of `whyUnusable`, a sentence without its period. */
export function remedyFor(reason: string): string {
  return howToGetIt.find(([pattern]) => pattern.test(reason))?.[1] ?? "";
}
