// Real projects of test/contract/programs, run as Spacelift's worker runs them.
import { join } from "node:path";

import { companyAuthority } from "../authority";
import type { Box, RunOptions } from "../box";
import type { Check } from "../check";
import { passed, runPhases } from "../phases";

/** The folder of all projects. */
export const programs = join(__dirname, "../programs");

/** A project of test/contract/programs that ends with a stack output `answer`. */
export interface Project {
  /** Its folder, such as "python/pip". */
  readonly folder: string;
  /** What a hook runs in the project's folder before Pulumi, with a network. */
  readonly install?: string;
  /** Variables of every phase. */
  readonly env?: Readonly<Record<string, string>>;
  /** Files of this machine by their path in every phase's container. */
  readonly mounts?: Readonly<Record<string, string>>;
  /** Whether all phases have a network, because the image keeps what the first phase downloads outside of the workspace. */
  readonly network?: boolean;
  /** The value of the stack output. */
  readonly answer: string;
}

const source = "/mnt/workspace/source";

/** How every phase reaches the state of its stack, which is in the workspace. */
export const backend = { PULUMI_BACKEND_URL: "file:///mnt/workspace/state", PULUMI_CONFIG_PASSPHRASE: "contract" };

/** What a phase runs, apart from Spacelift's own options. */
export const pulumi = (command: string) => `pulumi ${command} --stack contract --non-interactive`;

/** A check: a project passes Spacelift's phases. */
export function deploys(name: string, { folder, install, answer, ...project }: Project): Check {
  const find = async (box: Box) =>
    runPhases(box, { ...project, workspace: await workspaceOf(box, folder), prepare: install });
  return { name, expected: passed(answer), find };
}

/** A check: a project, installed in one container, passes `up` in the next one. */
export function runs(name: string, { folder, install, answer, ...project }: Project): Check {
  const find = async (box: Box) =>
    runPhases(box, { ...project, workspace: await workspaceOf(box, folder), prepare: install, upAlone: true });
  return { name, expected: answer, find };
}

/** A new workspace with a project of test/contract/programs in `source`. */
export function workspaceOf(box: Box, folder: string): Promise<string> {
  return box.workspace(join(programs, folder));
}

/** Runs a script in a new workspace with a network, by default without any project. */
export async function online(box: Box, script: string, options: RunOptions = {}): Promise<string> {
  return box.succeed(script, { network: true, ...options });
}

/** A check: the last line that a script prints, with a network. */
export function prints(name: string, expected: string, script: string, options?: RunOptions): Check {
  return { name, expected, find: async (box) => (await online(box, script, options)).split("\n").at(-1)?.trim() ?? "" };
}

/** A check: a policy pack, installed in `rules` of its project, refuses a preview because of a resource's name. */
export function refusesByPolicy(name: string, folder: string, install: string): Check {
  const violation = '"Loud" has a capital letter.';
  return {
    name,
    expected: violation,
    find: async (box) => {
      const options = { workspace: await workspaceOf(box, folder), cwd: source, env: backend };
      await online(box, install, options);
      const preview = `mkdir -p ../state && pulumi stack init contract && ${pulumi("preview --policy-pack rules")}`;
      const { exitCode, output } = await box.run(preview, options);
      if (exitCode === 0) return "the preview of a resource that breaks the rule succeeds";
      return output.includes(violation) ? violation : output;
    },
  };
}

/** How a tool sends a request. */
interface Client {
  /** What a hook runs first, with a network. */
  readonly install?: string;
  /** A script that prints the answer of a URL. */
  readonly request: (url: string) => string;
}

/**
 * Two checks: a tool trusts a company's CA that is mounted, and one that a derived image adds.
 * @param subject the beginning of their names, such as "Node.js trusts"
 */
export function trustsCompany(subject: string, { install, request }: Client): Check[] {
  const find = (way: "mounted" | "installed") => async (box: Box) => {
    const authority = await companyAuthority(box);
    const workspace = await box.workspace();
    if (install !== undefined) await online(box, install, { workspace });
    const prepare = way === "installed" ? `${authority.install} && ` : "";
    return box.succeed(prepare + request(authority.url), { ...authority[way], workspace });
  };
  return [
    {
      name: `${subject} a CA that is mounted as Spacelift documents it`,
      expected: "trusted",
      find: find("mounted"),
    },
    {
      name: `${subject} a CA that a derived image adds by update-ca-certificates`,
      expected: "trusted",
      find: find("installed"),
    },
  ];
}
