// What public reports of users expect of every runner image, whatever the language of its stack.
import type { Box } from "../box";
import type { Check } from "../check";
import { trustsCompany } from "./programs";

/** Commands that hooks call, each with arguments that make it succeed anywhere. */
const commands = [
  ...["bash -c true", "sh -c true", "git --version", "curl --version", "wget --version", "jq --version", "ssh -V"],
  ...["ps -e", "tar --version", "gzip --version", "xz --version", "bzip2 --version </dev/null", "unzip -v"],
  ...["less --version", "patch --version", "python3 -m pip --version"],
];

/** The checks of every image. */
export const checks: readonly Check[] = [
  {
    name: "The user is a number, as Kubernetes' runAsNonRoot requires",
    expected: "a number",
    find: fromConfig(({ User = "" }) => (/^\d+(:\d+)?$/.test(User) ? "a number" : `USER is ${JSON.stringify(User)}`)),
  },
  {
    name: "PATH has no relative folder",
    expected: "none",
    find: fromConfig((config) => {
      const folders = (variable(config, "PATH") ?? "").split(":").filter((folder) => !folder.startsWith("/"));
      return folders.length === 0 ? "none" : `PATH has ${folders.map((folder) => JSON.stringify(folder)).join(", ")}`;
    }),
  },
  {
    name: "There is no entrypoint, so that any command runs",
    expected: "none",
    find: fromConfig(({ Entrypoint }) => Entrypoint?.join(" ") || "none"),
  },
  {
    name: "The working directory is the workspace",
    expected: "/mnt/workspace",
    find: fromConfig(({ WorkingDir }) => WorkingDir || "/"),
  },
  {
    name: "Pulumi does not look for newer versions of itself",
    expected: "PULUMI_SKIP_UPDATE_CHECK=true",
    find: fromConfig((config) => {
      return `PULUMI_SKIP_UPDATE_CHECK=${variable(config, "PULUMI_SKIP_UPDATE_CHECK") ?? ""}`;
    }),
  },
  {
    name: "HOME is a folder of the user's own",
    expected: "writable",
    find: (box) => box.succeed('cd "$HOME" && touch file && mkdir .folder && echo writable'),
  },
  {
    name: "HOME of root is root's",
    expected: "/root",
    find: (box) => box.succeed("echo $HOME", { user: "0" }),
  },
  {
    name: "A user without an entry in passwd logs in to a backend, with HOME=/tmp",
    expected: "works",
    find: async (box) => {
      await box.succeed("pulumi login --local", { user: "4242", env: { HOME: "/tmp" } });
      return "works";
    },
  },
  {
    name: "A letter beyond ASCII in a file's name is one letter",
    expected: "ż.txt is found as ?.txt",
    find: async (box) => {
      const found = await box.succeed("touch ż.txt && find . -name '?.txt'");
      return `ż.txt is ${found === "./ż.txt" ? "" : "not "}found as ?.txt`;
    },
  },
  {
    name: "sh knows source and [[",
    expected: "works",
    find: (box) => box.succeed("source /dev/null && [[ runner == run* ]] && echo works"),
  },
  {
    name: "Commands that hooks call",
    expected: "all work",
    find: async (box) => {
      const tries = commands.map((each) => `{ ${each}; } >/dev/null 2>&1 || echo ${each.split(" ")[0]}`);
      const missing = (await box.run(tries.join("\n"))).output.trim().replaceAll("\n", ", ");
      return missing === "" ? "all work" : `missing: ${missing}`;
    },
  },
  {
    name: "Time zones are known",
    expected: "02:00 in Warsaw",
    find: (box) => box.succeed("TZ=Europe/Warsaw date -d @1791158400 '+%H:%M in Warsaw'"),
  },
  {
    name: "git works on a repository that belongs to another user",
    expected: "works",
    find: async (box) => {
      const workspace = await box.workspace();
      await box.succeed("git init --quiet", { workspace, user: "0" });
      await box.succeed("git status", { workspace });
      return "works";
    },
  },
  {
    name: "The store of CA certificates has the public ones",
    expected: "over 100",
    find: async (box) => {
      const count = await box.succeed("grep -c 'BEGIN CERTIFICATE' /etc/ssl/certs/ca-certificates.crt || true");
      return Number(count) > 100 ? "over 100" : `${count} in /etc/ssl/certs/ca-certificates.crt`;
    },
  },
  ...trustsCompany("curl and git trust", {
    request: (url) => `git ls-remote ${url} && curl --silent --show-error ${url}`,
  }),
];

/** Looks at the image's config alone. */
function fromConfig(find: (config: Box["config"]) => string): Check["find"] {
  return ({ config }) => Promise.resolve(find(config));
}

function variable(config: Box["config"], name: string): string | undefined {
  return (config.Env ?? []).find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1);
}
