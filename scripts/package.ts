// Makes the files of a release: deno task package [--target ARCH] [--kind auto|official|offline] [--fast] [--directory DIR]
import { parseArgs } from "node:util";
import config from "../deno.json" with { type: "json" };
import { APP_FILES } from "../src/assets.ts";
import { completionText, manualText } from "../src/commands/completion.ts";
import { writeStderr } from "../src/output/stdio.ts";
import { type ArchiveFile, makeDeb, makeTar } from "./archive.ts";
import { compile, KINDS } from "./compile.ts";
import { buildOffline } from "./offline.ts";
import { billOfMaterials, components, thirdPartyNotices } from "./sbom.ts";
import { DENO_VERSION, denoBinary, sha256, type Target, targetNamed } from "./target.ts";
import { DIST, ROOT, runTool, ToolError } from "./toolchain.ts";

/** Where a package keeps the runtime and the program. */
const INSTALLED = "usr/lib/culprit";

/** Time of every file in a release: that of the commit, in seconds since 1970. */
function sourceEpoch(): number {
  const given = Deno.env.get("SOURCE_DATE_EPOCH");
  if (given !== undefined && /^\d+$/.test(given)) return Number(given);
  return Number(new TextDecoder().decode(runTool("git", ["-C", ROOT, "log", "-1", "--format=%ct"])).trim());
}

function file(path: string, source: string, mode = 0o644): ArchiveFile {
  return { path, content: { file: source }, mode };
}

/** What the archive for any distribution holds beside the single file. */
function commonFiles(notices: string): ArchiveFile[] {
  const packaging = `${ROOT}/packaging`;
  return [
    file("LICENSE", `${ROOT}/LICENSE`),
    { path: "THIRD_PARTY.txt", content: notices, mode: 0o644 },
    { path: "man/culprit.8", content: manualText(), mode: 0o644 },
    { path: "completions/culprit.bash", content: completionText("bash"), mode: 0o644 },
    { path: "completions/_culprit", content: completionText("zsh"), mode: 0o644 },
    { path: "completions/culprit.fish", content: completionText("fish"), mode: 0o644 },
    ...["culprit-dns.service", "culprit-dns-sample.service", "culprit-dns-sample.timer"]
      .map((name) => file(`systemd/${name}`, `${packaging}/systemd/${name}`)),
    file("cron/culprit", `${packaging}/cron/culprit`),
    file("logrotate/culprit", `${packaging}/logrotate/culprit`),
  ];
}

/** Where Debian wants the common files. */
const DEBIAN_PATHS: readonly (readonly [RegExp, string])[] = [
  [/^LICENSE$/, "usr/share/doc/culprit/copyright"],
  [/^THIRD_PARTY\.txt$/, "usr/share/doc/culprit/THIRD_PARTY.txt"],
  [/^man\/(.*)$/, "usr/share/man/man8/$1"],
  [/^completions\/culprit\.bash$/, "usr/share/bash-completion/completions/culprit"],
  [/^completions\/_culprit$/, "usr/share/zsh/vendor-completions/_culprit"],
  [/^completions\/culprit\.fish$/, "usr/share/fish/vendor_completions.d/culprit.fish"],
  [/^systemd\/(.*)$/, "lib/systemd/system/$1"],
  [/^cron\/culprit$/, "usr/share/doc/culprit/examples/cron"],
  [/^logrotate\/culprit$/, "etc/logrotate.d/culprit"],
];

/** The path of a common file in a Debian package. */
function debianPath(path: string): string {
  for (const [pattern, replacement] of DEBIAN_PATHS) {
    if (pattern.test(path)) return path.replace(pattern, replacement);
  }
  throw new ToolError(`Cannot place "${path}" in a Debian package`);
}

/** The program itself as a Debian package installs it: unpacked, so that nothing is left to do at the first start. */
async function installedFiles(target: Target, kind: "official" | "offline", single: string): Promise<ArchiveFile[]> {
  if (kind === "official") return [file("usr/bin/culprit", single, 0o755)];
  const launcher = `${DIST}/launcher-${target.arch}`;
  await buildOffline(target, launcher, { installedDirectory: `/${INSTALLED}` });
  return [
    file("usr/bin/culprit", launcher, 0o755),
    file(`${INSTALLED}/culprit`, await denoBinary(target), 0o755),
    ...APP_FILES.map((name) => file(`${INSTALLED}/${name}`, `${target.appDirectory}/${name}`)),
  ];
}

/** Writes the checksums of every file in a directory, as `sha256sum --check` reads them. */
async function writeChecksums(directory: string): Promise<void> {
  const output = `culprit_${config.version}_checksums.txt`;
  const names = [...Deno.readDirSync(directory)].map(({ name }) => name)
    .filter((name) => name !== output && !name.endsWith(".sigstore.json")).sort();
  const lines = await Promise.all(
    names.map(async (name) => `${await sha256(Deno.readFileSync(`${directory}/${name}`))}  ${name}\n`),
  );
  Deno.writeTextFileSync(`${directory}/${output}`, lines.join(""));
}

/** How to make a release. */
export interface PackageOptions {
  readonly target: Target;
  readonly kind: (typeof KINDS)[number];
  /** Where the files go. */
  readonly directory: string;
  /** Compress quickly in place of well. */
  readonly isFast: boolean;
  /** Where the files will be for download; install.sh then needs no other word. */
  readonly url?: string;
}

/**
 * Makes the files of a release; those of other machines stay, and are in the checksums.
 *
 * @param options how
 * @throws {ToolError} when a tool is missing or fails
 */
export async function makePackages({ target, kind, directory: release, isFast, url }: PackageOptions): Promise<void> {
  const epoch = sourceEpoch();
  const single = `${DIST}/culprit-${target.arch}`;
  const made = await compile(target, kind, single);
  const list = components(target, made === "official" ? DENO_VERSION : target.denoVersion, made === "offline");
  const notices = thirdPartyNotices(list);
  const common = commonFiles(notices);
  const app = APP_FILES.map((name) => [name, Deno.readFileSync(`${target.appDirectory}/${name}`)] as const);
  const sbom = await billOfMaterials(list, app, `${new Date(epoch * 1000).toISOString().replace(".000", "")}`);
  Deno.mkdirSync(release, { recursive: true });
  const base = `culprit_${config.version}`;
  Deno.writeTextFileSync(`${release}/${base}_linux_${target.debianArch}.cdx.json`, sbom);
  const bom: ArchiveFile = { path: "sbom.cdx.json", content: sbom, mode: 0o644 };
  const directory = `${base}_linux_${target.debianArch}`;
  makeTar(`${release}/${directory}.tar.gz`, directory, [file("culprit", single, 0o755), bom, ...common], epoch);
  makeDeb(
    `${release}/${base}_${target.debianArch}.deb`,
    target,
    [
      ...await installedFiles(target, made, single),
      { ...bom, path: "usr/share/doc/culprit/sbom.cdx.json" },
      ...common.map((entry) => ({ ...entry, path: debianPath(entry.path) })),
    ],
    epoch,
    isFast ? "gzip" : "xz",
  );
  const install = Deno.readTextFileSync(`${ROOT}/scripts/install.sh`)
    .replace("@VERSION@", config.version).replace("@URL@", url ?? "");
  Deno.writeTextFileSync(`${release}/install.sh`, install, { mode: 0o755 });
  await writeChecksums(release);
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      target: { type: "string" },
      kind: { type: "string" },
      directory: { type: "string", default: `${DIST}/release` },
      fast: { type: "boolean" },
      url: { type: "string" },
    },
  });
  const kind = KINDS.find((name) => name === (values.kind ?? "auto"));
  if (kind === undefined) throw new ToolError(`Cannot make the kind "${values.kind}", wanted ${KINDS.join(", ")}`);
  const { directory } = values;
  await makePackages({
    directory,
    target: targetNamed(values.target ?? Deno.build.arch),
    kind,
    isFast: values.fast === true,
    ...(values.url === undefined ? {} : { url: values.url }),
  });
  for (const { name } of [...Deno.readDirSync(directory)].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    writeStderr(`package: ${(Deno.statSync(`${directory}/${name}`).size / 1e6).toFixed(1)} MB  ${directory}/${name}\n`);
  }
}
