// Images that are broken on purpose: a check that none of them turns red proves nothing.

/** One way to break an image. */
export interface Mutant {
  readonly name: string;
  /** Lines of a Dockerfile. Its steps run as root. */
  readonly lines: readonly string[];
  /** What the checks find that it turns red, by the start of their names. No other check may turn red. */
  readonly red: Readonly<Record<string, RegExp>>;
}

/** A script that runs the real pulumi, and a step that puts it in the way. */
function wrapPulumi(script: string): string {
  const move = "mv /usr/local/bin/pulumi /usr/local/lib/pulumi";
  return `RUN ${move} && printf '#!/bin/sh\\n${script}\\n' >/usr/local/bin/pulumi && chmod +x /usr/local/bin/pulumi`;
}

/**
 * The mutants by the image that they share, because unpacking and judging one takes half a minute. Those of an image turn
 * different checks red, and what is found belongs to one of them.
 */
export const mutants: readonly (readonly Mutant[])[] = [
  [
    { name: "USER by name", lines: ["USER spacelift"], red: { "The user is a number": /^USER is "spacelift"$/ } },
    {
      name: "a relative folder on PATH",
      lines: ["ENV PATH=$PATH:node_modules/.bin"],
      red: { "PATH has no relative folder": /^PATH has "node_modules\/\.bin"$/ },
    },
    { name: "an entrypoint", lines: ['ENTRYPOINT ["pulumi"]'], red: { "There is no entrypoint": /^pulumi$/ } },
    { name: "another working directory", lines: ["WORKDIR /"], red: { "The working directory": /^\/$/ } },
    {
      name: "the check for newer versions on",
      lines: ["ENV PULUMI_SKIP_UPDATE_CHECK="],
      red: { "Pulumi does not look for newer versions": /CHECK=$/ },
    },
    { name: "LANG unset", lines: ["ENV LANG="], red: { "A letter beyond ASCII": /is not found/ } },
    { name: "USER unset", lines: ["ENV USER="], red: { "A user without an entry": /unable to get current user/ } },
    { name: "one HOME for all", lines: ["ENV HOME=/home/spacelift"], red: { "HOME of root": /^\/home\/spacelift$/ } },
    { name: "sh is dash", lines: ["RUN ln -sf dash /usr/bin/sh"], red: { "sh knows": /source: not found/ } },
    { name: "no unzip", lines: ["RUN rm /usr/bin/unzip"], red: { "Commands that hooks call": /^missing: unzip$/ } },
    { name: "no time zones", lines: ["RUN rm -r /usr/share/zoneinfo"], red: { "Time zones": /^00:00 in Warsaw$/ } },
    {
      name: "no safe.directory",
      lines: ["RUN git config --system --unset-all safe.directory"],
      red: { "git works on a repository": /dubious ownership/ },
    },
    {
      name: "an empty store of CA certificates",
      lines: ["RUN : >/etc/ssl/certs/ca-certificates.crt"],
      red: { "The store of CA certificates": /^0 in / },
    },
    {
      name: "no update-ca-certificates",
      lines: ["RUN rm /usr/sbin/update-ca-certificates"],
      red: { "curl and git trust a CA that a derived image adds": /update-ca-certificates: .*not found/ },
    },
  ],
  [
    {
      name: "no ps",
      lines: ["RUN rm /usr/bin/ps"],
      red: { "The worker sees pulumi": /ps: .*not found/, "Commands that hooks call": /^missing: ps$/ },
    },
    {
      name: "CA certificates of its own for curl",
      lines: ["RUN cp /etc/ssl/certs/ca-certificates.crt /opt/", "ENV CURL_CA_BUNDLE=/opt/ca-certificates.crt"],
      red: {
        "curl and git trust a CA that is mounted": /SSL certificate problem/,
      },
    },
    {
      name: "a pulumi that logs outside of the workspace",
      lines: ["RUN chmod 777 /opt", wrapPulumi('date >/opt/log && exec /usr/local/lib/pulumi "$@"')],
      red: { "The same on a read-only root file system": /^login: .*Read-only file system/ },
    },
  ],
  [
    {
      name: "no Python",
      lines: ["RUN rm /usr/bin/python3 /usr/bin/python"],
      red: { "A plugin's hook": /python: .*not found/, "Commands that hooks call": /^missing: python3$/ },
    },
    {
      name: "a pulumi that does not get signals",
      lines: [wrapPulumi('/usr/local/lib/pulumi "$@"')],
      red: { "A signal cancels": /^the update goes on$/ },
    },
  ],
  [
    {
      name: "HOME of root",
      lines: ["ENV HOME=/root"],
      red: { "HOME is a folder": /Permission denied/ },
    },
  ],
  [
    {
      name: "another uid than the worker's",
      lines: ["RUN usermod --uid 2000 spacelift", "USER 2000"],
      red: {
        "The worker's user reads the OIDC token": /Permission denied/,
        "Phases of a YAML program": /^login: .*permission denied/,
        // It cannot write to the worker's files.
        "The worker sees pulumi": /permission denied/,
        "A signal cancels": /permission denied/,
      },
    },
  ],
  [
    {
      name: "no host for YAML",
      lines: ["RUN rm /usr/local/bin/pulumi-language-yaml"],
      red: {
        "Phases of a YAML program": /^preview: .*no language plugin 'pulumi-language-yaml'/,
        "The same on a read-only": /^preview: .*no language plugin 'pulumi-language-yaml'/,
        "A signal cancels": /pulumi-language-yaml: not found/,
      },
    },
  ],
];
