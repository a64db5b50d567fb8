import type { Platform } from "../../images/platform";

/** How a container of the image runs. */
export interface RunOptions {
  /** As `docker run --user`: "4242", "1983:1983", "0", or a name. By default the image's. */
  readonly user?: string;
  /** Variables on top of the image's. */
  readonly env?: Readonly<Record<string, string>>;
  /** A folder of this machine for /mnt/workspace, writable. By default a new one, which is removed afterwards. */
  readonly workspace?: string;
  /** Files and folders of this machine by their path in the container, read-only. */
  readonly mounts?: Readonly<Record<string, string>>;
  /** Whether the container has this machine's network. By default it has nothing but its own loopback interface. */
  readonly network?: boolean;
  /**
   * Whether this machine's CA certificates are mounted by the procedure that Spacelift documents: a folder that holds
   * nothing but ca-certificates.crt, over /etc/ssl/certs. By default, if there is a network.
   */
  readonly certificates?: boolean;
  /** Whether the root file system is read-only, with a tmpfs at /tmp. */
  readonly readOnly?: boolean;
  /** The working directory; /mnt/workspace by default. */
  readonly cwd?: string;
  /** In milliseconds; ten minutes by default. */
  readonly timeout?: number;
}

/** How a command in a container ended. */
export interface Result {
  /** 124 after a timeout, as of timeout(1); 128 and the signal's number if a signal ended it. */
  readonly exitCode: number;
  /** Both streams, in the order in which they were written. */
  readonly output: string;
}

/** A container that runs. */
export interface Running {
  /** Runs `sh -c <script>` in it as another process. */
  exec(script: string): Promise<Result>;
  /** Sends its first process a signal, such as "TERM". */
  signal(name: string): Promise<void>;
  /** Its first process's end. */
  readonly ended: Promise<Result>;
}

/** What the config of an image says: https://github.com/opencontainers/image-spec/blob/main/config.md */
export interface BoxConfig {
  readonly User?: string;
  readonly Env?: readonly string[] | null;
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly WorkingDir?: string;
  readonly Entrypoint?: readonly string[] | null;
}

/** An image for one platform, and containers of it. */
export interface Box {
  readonly platform: Platform;
  readonly config: BoxConfig;
  /** Runs `sh -c <script>` in a new container, as Spacelift's worker does. */
  run(script: string, options?: RunOptions): Promise<Result>;
  /** Runs a script as `run` does. @returns its output, trimmed @throws with the end of the output if it fails */
  succeed(script: string, options?: RunOptions): Promise<string>;
  /** Starts a container that runs `sh -c <script>`, to look into it or to send it a signal. */
  start(script: string, options?: RunOptions): Promise<Running>;
  /**
   * Creates a workspace on this machine, which is removed at the end of the contract. As in Kubernetes with fsGroup 1983,
   * anyone may write to it, and what is created in it gets that group.
   * @param files a folder whose content is copied to `source` in it, where Spacelift puts a stack's program, with the owner 1983
   */
  workspace(files?: string): Promise<string>;
}
