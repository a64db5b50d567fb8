import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { ExecaError, execa } from "execa";

import type { Platform } from "../../images/platform";
import { Fault, messageOf } from "../../lib/errors";
import { log } from "../../lib/log";
import { ensureDebianProgram } from "../install/debianProgram";
import { ownPlatform } from "./ownPlatform";

/** The emulator of a platform, as QEMU and the kernel name it. */
const emulators: Readonly<Record<Platform, string>> = { "linux/amd64": "qemu-x86_64", "linux/arm64": "qemu-aarch64" };

/** The kernel's list of programs that run foreign binaries: https://docs.kernel.org/admin-guide/binfmt-misc.html */
const binfmt = "/proc/sys/fs/binfmt_misc";

/**
 * Makes the kernel run programs of these platforms, with QEMU unless the machine runs them itself. The registration applies
 * to the whole machine until it restarts.
 * @throws {Fault} if the kernel refuses it
 */
export async function ensureEmulation(wanted: readonly Platform[]): Promise<void> {
  const own = ownPlatform();
  for (const platform of wanted.filter((each) => each !== own)) {
    const emulator = emulators[platform];
    if (existsSync(join(binfmt, emulator))) {
      log("emulation", `${platform} by ${emulator}, already registered with the kernel`);
      continue;
    }
    await register(emulator).catch((error: unknown) => {
      if (error instanceof Fault) throw error;
      throw new Fault(
        `${platform} cannot be emulated on this ${own} machine: its kernel does not accept ${emulator} ` +
          `(${reasonOf(error)}). Remove ${platform} from PLATFORMS, or build ` +
          `on a machine whose kernel has binfmt_misc.`,
      );
    });
    log("emulation", `${platform} by ${emulator}, registered with the kernel until this machine restarts`);
  }
}

/** The first line of a failed program's stderr, or else the error's message. */
function reasonOf(error: unknown): string {
  if (error instanceof ExecaError) return String(error.stderr).split("\n")[0] ?? error.shortMessage;
  return messageOf(error);
}

/** Registers an emulator by the line in its Debian package. The kernel opens the program now and keeps it open. */
async function register(emulator: string): Promise<void> {
  const name = `${emulator}-static`;
  const program = await ensureDebianProgram(name, "It emulates the platforms that this machine does not run itself", [
    { debianPackage: "qemu-user-static", program: name },
    // From Debian 13 on, the package above only links to this one, which is static.
    { debianPackage: "qemu-user", program: emulator },
  ]);
  const prefix = program.replace(/\/bin\/[^/]*$/, "");
  const folders = [join(prefix, "lib", "binfmt.d"), join(prefix, "share", "qemu", "binfmt.d")];
  const file = folders.map((folder) => join(folder, `${emulator}.conf`)).find((path) => existsSync(path));
  if (file === undefined) {
    throw new Fault(
      `${program} was found without ${emulator}.conf in ${folders.join(" or ")}. ` +
        `Remove it from PATH to use Debian's, or remove its platform from PLATFORMS.`,
    );
  }
  const line = await readFile(file, "utf8");
  if (!existsSync(join(binfmt, "register"))) await execa("mount", ["-t", "binfmt_misc", "binfmt_misc", binfmt]);
  await writeFile(join(binfmt, "register"), line.trim().replace(":/usr/", `:${prefix}/`));
}
