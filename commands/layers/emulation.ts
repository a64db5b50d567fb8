import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Platform } from "../../images/platform";
import { Fault, messageOf } from "../../lib/errors";
import { type Builder, readBuild } from "../builder";

/** The number of a platform's machine in ELF, and exit(0) in its machine code. */
const codes: Readonly<Record<Platform, readonly [machine: string, code: string]>> = {
  "linux/amd64": ["3e00", "b83c000000 31ff 0f05"],
  "linux/arm64": ["b700", "a80b8052 000080d2 010000d4"],
};

/** The smallest program of a platform: ELF's header, one segment that is loaded, and the code. It needs no base image. */
export function exitProgram(platform: Platform): Buffer {
  const [machine, code] = codes[platform];
  const header =
    `7f454c46020101000000000000000000 0200 ${machine} 01000000 7800400000000000 4000000000000000` +
    `0000000000000000 00000000 4000 3800 0100 0000 0000 0000`;
  const segment =
    `01000000 05000000 0000000000000000 0000400000000000 0000400000000000` +
    `8400000000000000 8400000000000000 0000010000000000`;
  return Buffer.from(`${header}${segment}${code}`.replaceAll(" ", ""), "hex");
}

/**
 * Checks that a builder runs no step of a platform whose layers come from another machine: it would emulate what is missing.
 * @throws {Fault} if it runs one, or if it fails for another reason than the format of the program
 */
export async function requireNoEmulation(builder: Builder, platform: Platform): Promise<void> {
  await using context = await mkdtempDisposable(join(tmpdir(), "emulation-"));
  // A different file each time, so that no result is in the builder's cache.
  const program = Buffer.concat([exitProgram(platform), Buffer.from(String(Date.now()))]);
  await writeFile(join(context.path, "exit"), program, { mode: 0o755 });
  const inline = 'FROM scratch AS exit\nCOPY exit /\nRUN ["/exit"]\n';
  const inputs = { dockerfile: { inline }, context: { location: context.path }, target: "exit" };
  const build = { title: "A program that does nothing", platform, inputs };
  const { title } = builder;
  const runs = await readBuild(builder, build, "files", () => Promise.resolve(true)).catch((error: unknown) => {
    if (error instanceof Fault && error.message.includes("exec format error")) return false;
    throw new Fault(`It is unknown whether ${title} emulates ${platform}. Nothing was published. ${messageOf(error)}`);
  });
  if (!runs) return;
  throw new Fault(
    `${title} runs steps of ${platform}, whose layers come from another machine: it would build what is missing there. ` +
      `Nothing was published. Remove ${platform}'s emulator from the kernel (binfmt_misc) and from the builder ` +
      `(buildkit-qemu-*), or use a builder per platform instead of LAYERS.`,
  );
}
