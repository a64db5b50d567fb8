import { createWriteStream } from "node:fs";

import { execa } from "execa";

/** A line of pulumi's plain output that carries a line of a build's log, `#<step> …`. */
const buildLine = /:Image (\S+) .*?(?:\]; |\) |create )#(\d+) (.*)$/;
/** A build that failed. */
const failure = /:Image (\S+) \*\*\S* ?failed\*\*/;
/** Dots, and a resource that is still at it. */
const noise = /^@ |:Image \S+ [a-z]+ing \(\d+s\)/;

/** How much of a failed build's log is shown. */
const tailLength = 30;

/**
 * Turns pulumi's plain output into lines worth reading: each step of a build once, the end of the log of a build that
 * failed, and everything that is no build's log. Gives the lines to show for a line.
 */
export function createFilter(): (line: string) => string[] {
  const steps = new Set<string>();
  const logs = new Map<string, string[]>();
  return (line) => {
    const [, failed] = failure.exec(line) ?? [];
    if (failed !== undefined) return [line, ...(logs.get(failed) ?? []).map((text) => `     | ${text}`)];
    const [, image, step, text = ""] = buildLine.exec(line) ?? [];
    if (image === undefined) return noise.test(line) ? [] : [line];
    const said = /^\d+\.\d+ (.*)$/.exec(text)?.[1];
    if (said !== undefined) logs.set(image, [...(logs.get(image) ?? []), said].slice(-tailLength));
    const key = `${image} ${step}`;
    if (!text.startsWith("[") || /^\[(internal|context)/.test(text) || steps.has(key)) return [];
    steps.add(key);
    return [`     ${image.padEnd(18)} ${text.replace(/\s+/g, " ").slice(0, 96)}`];
  };
}

/**
 * Runs pulumi and shows what it does: its own display on a terminal, and a short account of it elsewhere, with the
 * whole output in a log file. Tells whether it succeeded.
 */
export async function showPulumi(
  args: readonly string[],
  options: { cwd: string; env: NodeJS.ProcessEnv; log: string },
): Promise<boolean> {
  const { cwd, env, log } = options;
  if (process.stdout.isTTY) {
    return !(await execa("pulumi", args, { cwd, env, stdio: "inherit", reject: false })).failed;
  }
  const file = createWriteStream(log);
  // A full disk must not end a release in its middle.
  const unwritten = new Promise<Error | undefined>((resolve) => {
    file.on("error", resolve).on("finish", () => resolve(undefined));
  });
  const filter = createFilter();
  const running = execa("pulumi", args, { cwd, env, stdin: "ignore", all: true, buffer: false, reject: false });
  for await (const line of running.iterable({ from: "all" })) {
    file.write(`${line}\n`);
    for (const shown of filter(line)) console.log(shown);
  }
  file.end();
  const fault = await unwritten;
  console.log(fault === undefined ? `  The whole output is in ${log}.` : `  ${log} is not whole: ${fault.message}.`);
  return !(await running).failed;
}
