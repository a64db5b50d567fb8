import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { ExecaError, execa } from "execa";

import { type Platform, allPlatforms, platforms } from "../../images/platform";
import { Fault, messageOf } from "../../lib/errors";
import { log } from "../../lib/log";
import { ensureDebianProgram } from "../install/debianProgram";

/** The platform of images that this machine runs itself: on macOS, Docker's virtual machine does. */
export function ownPlatform(): Platform {
  // Pulumi names architectures as Node.js does.
  const own = allPlatforms.find((platform) => platforms[platform].pulumiArch === process.arch);
  if (own !== undefined) return own;
  throw new Fault(`Images are built on ${allPlatforms.join(" and ")}, not on ${process.arch}. Use such a machine.`);
}

/** The emulator of a platform, as QEMU and the kernel name it. */
const emulators: Readonly<Record<Platform, string>> = { "linux/amd64": "qemu-x86_64", "linux/arm64": "qemu-aarch64" };
/** The kernel's list of programs that run foreign binaries: https://docs.kernel.org/admin-guide/binfmt-misc.html */
const binfmt = "/proc/sys/fs/binfmt_misc";

/**
 * Makes the kernel run programs of these platforms, with QEMU unless the machine runs them itself. The registration applies
 * to the whole machine until it restarts.
 */
export async function ensureEmulation(wanted: readonly Platform[]): Promise<void> {
  for (const platform of wanted.filter((each) => each !== ownPlatform())) {
    const emulator = emulators[platform];
    const isRegistered = existsSync(join(binfmt, emulator));
    if (!isRegistered) await register(platform, emulator);
    const already = isRegistered ? "already " : "";
    log("emulation", `${platform} by ${emulator}, ${already}registered with the kernel until this machine restarts`);
  }
}

/** Registers an emulator by the line in its Debian package. The kernel opens the program now and keeps it open. */
async function register(platform: Platform, emulator: string): Promise<void> {
  const name = `${emulator}-static`;
  const program = await ensureDebianProgram(name, "It emulates the platforms that this machine does not run itself", [
    { debianPackage: "qemu-user-static", program: name },
    // From Debian 13 on, the package above only links to this one, which is static.
    { debianPackage: "qemu-user", program: emulator },
  ]);
  const prefix = dirname(dirname(program));
  const folders = [join(prefix, "lib", "binfmt.d"), join(prefix, "share", "qemu", "binfmt.d")];
  const file = folders.map((folder) => join(folder, `${emulator}.conf`)).find((path) => existsSync(path));
  if (file === undefined) {
    throw new Fault(
      `${program} was found without ${emulator}.conf in ${folders.join(" or ")}. ` +
        `Remove it from PATH to use Debian's, or remove its platform from PLATFORMS.`,
    );
  }
  try {
    if (!existsSync(join(binfmt, "register"))) await execa("mount", ["-t", "binfmt_misc", "binfmt_misc", binfmt]);
    const line = readFileSync(file, "utf8").trim().replace(":/usr/", `:${prefix}/`);
    writeFileSync(join(binfmt, "register"), line);
  } catch (error) {
    const reason = error instanceof ExecaError ? String(error.stderr).split("\n")[0] : messageOf(error);
    throw new Fault(
      `${platform} cannot be emulated on this ${ownPlatform()} machine: its kernel does not accept ${emulator} ` +
        `(${reason}). Remove ${platform} from PLATFORMS, or build on a machine whose kernel has binfmt_misc.`,
    );
  }
}
