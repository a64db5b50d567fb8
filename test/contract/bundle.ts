import type { BoxConfig, RunOptions } from "./box";
import type { User } from "./users";

/** Where Spacelift mounts the only folder that outlives a phase. */
export const workspacePath = "/mnt/workspace";

/** What Docker leaves a container's root: https://docs.docker.com/engine/security/#linux-kernel-capabilities */
const capabilities = [
  ...["AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW"],
  ...["SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"],
].map((name) => `CAP_${name}`);

/** The file systems that every container gets, as those of Docker and Kubernetes do. */
const fileSystems = [
  ["proc", "/proc", ["nosuid", "noexec", "nodev"]],
  ["tmpfs", "/dev", ["nosuid", "strictatime", "mode=755", "size=65536k"]],
  ["devpts", "/dev/pts", ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]],
  ["tmpfs", "/dev/shm", ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]],
  ["mqueue", "/dev/mqueue", ["nosuid", "noexec", "nodev"]],
  ["sysfs", "/sys", ["nosuid", "noexec", "nodev", "ro"]],
] as const;

const hidden = ["/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/sys/firmware"];
const readOnly = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/** What a bundle is made of. */
export interface BundleInputs {
  readonly root: string;
  readonly config: BoxConfig;
  readonly script: string;
  readonly user: User;
  /** The workspace on this machine. */
  readonly workspace: string;
  /** Further files and folders of this machine by their path in the container, read-only. */
  readonly mounts: Readonly<Record<string, string>>;
  readonly options: RunOptions;
}

/**
 * The config of a container that runs `sh -c <script>` as `docker run` would, without an entrypoint: the same capabilities,
 * file systems and variables. Docker's seccomp profile is missing, as it is in Kubernetes by default. With a network, it is
 * this machine's own: https://github.com/opencontainers/runtime-spec/blob/main/config.md
 */
export function bundleConfig({ root, config, script, user, workspace, mounts, options }: BundleInputs): object {
  const { network = false, cwd = workspacePath } = options;
  const namespaces = ["mount", "pid", "ipc", "uts", ...(network ? [] : ["network"])];
  return {
    ociVersion: "1.0.2",
    hostname: "contract",
    root: { path: root, readonly: options.readOnly ?? false },
    process: {
      ...{ terminal: false, args: ["sh", "-c", script], cwd, noNewPrivileges: false },
      user: { uid: user.uid, gid: user.gid, additionalGids: user.groups },
      env: environment(config, user, options.env),
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    },
    mounts: [
      ...fileSystems.map(([type, destination, flags]) => ({ type, source: type, destination, options: flags })),
      ...(options.readOnly ? [{ type: "tmpfs", source: "tmpfs", destination: "/tmp", options: ["mode=1777"] }] : []),
      bind(workspace, workspacePath, "rw"),
      ...Object.entries(mounts).map(([path, source]) => bind(source, path, "ro")),
    ],
    linux: {
      namespaces: namespaces.map((type) => ({ type })),
      resources: { devices: [{ allow: false, access: "rwm" }] },
      ...{ maskedPaths: hidden, readonlyPaths: readOnly },
    },
  };
}

function bind(source: string, destination: string, mode: "rw" | "ro") {
  return { type: "bind", source, destination, options: ["rbind", mode] };
}

/** The image's variables, then Docker's own unless the image has them, then the container's. */
function environment(config: BoxConfig, user: User, own: RunOptions["env"] = {}): string[] {
  const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  const image = (config.Env ?? []).map((line) => [line.split("=", 1)[0] ?? "", line.replace(/^[^=]*=/, "")] as const);
  const variables = { PATH: path, HOME: user.home, HOSTNAME: "contract", ...Object.fromEntries(image), ...own };
  return Object.entries(variables).map(([name, value]) => `${name}=${value}`);
}
