// What is inside of the packages: the software bill of materials (CycloneDX) and the notices of third parties.
import config from "../deno.json" with { type: "json" };
import { sha256, type Target } from "./target.ts";
import { ROOT, runTool, ToolError } from "./toolchain.ts";

/** A part of culprit that others wrote. */
export interface Component {
  readonly name: string;
  readonly version: string;
  /** SPDX expression. */
  readonly license: string;
  /** Package URL. */
  readonly purl: string;
  /** What it does in culprit, and how it is bound to it. */
  readonly role: string;
  /** Files with its notices. */
  readonly notices: readonly string[];
}

/** Debian packages whose static libraries are linked in. */
const DEBIAN: readonly Pick<Component, "name" | "license" | "role">[] = [
  {
    name: "libbpf-dev",
    license: "LGPL-2.1-only OR BSD-2-Clause",
    role: "libbpf.so.1: loads BPF programs; used under BSD-2-Clause",
  },
  {
    name: "libelf-dev",
    license: "GPL-2.0-or-later OR LGPL-3.0-or-later",
    role: "libbpf.so.1: reads object files; used under LGPL-3.0-or-later",
  },
  { name: "zlib1g-dev", license: "Zlib", role: "libbpf.so.1: compression in object files" },
  {
    name: "libzstd-dev",
    license: "BSD-3-Clause OR GPL-2.0-only",
    role: "launcher of the offline single file: unpacks; used under BSD-3-Clause",
  },
  { name: "libc6-dev", license: "LGPL-2.1-or-later", role: "launcher of the offline single file: the C library" },
];

/** Texts of licences that notices refer to. */
const LICENSE_TEXTS = ["LGPL-2.1", "LGPL-3", "GPL-3"].map((name) => `/usr/share/common-licenses/${name}`);

function text(program: string, args: readonly string[]): string {
  return new TextDecoder().decode(runTool(program, args)).trim();
}

function debianComponents(target: Target): Component[] {
  return DEBIAN.map(({ name, license, role }) => {
    // The libraries of another machine come from the same release, and mostly are of the same version.
    const version = text("dpkg-query", ["--show", "--showformat=${Version}", name]);
    return {
      name,
      version,
      license,
      role,
      purl: `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${target.debianArch}`,
      notices: [`/usr/share/doc/${name}/copyright`],
    };
  });
}

/** What `deno info --json` tells of npm packages. */
interface ModuleInfo {
  readonly npmCache?: string;
  readonly roots: readonly string[];
  readonly modules: readonly { readonly kind: string; readonly specifier: string; readonly npmPackage?: string }[];
  readonly npmPackages: Readonly<Record<string, { name: string; version: string; dependencies: string[] }>>;
}

/** npm packages the program imports, as far as code of them is in the bundle. */
function npmComponents(bundle: string): Component[] {
  const cache = (JSON.parse(text(Deno.execPath(), ["info", "--json"])) as ModuleInfo).npmCache ?? "";
  const info = JSON.parse(
    text(Deno.execPath(), ["info", "--json", `--config=${ROOT}/deno.json`, `${ROOT}/cli.ts`]),
  ) as ModuleInfo;
  const code = Deno.readTextFileSync(bundle);
  const components: Component[] = [];
  for (const { name, version } of Object.values(info.npmPackages)) {
    const directory = `${cache}/registry.npmjs.org/${name}/${version}`;
    // The bundler marks where each file came from; what has types only leaves nothing.
    if (!code.includes(`\n// npm:${name}/${version}/`)) continue;
    const manifest = JSON.parse(Deno.readTextFileSync(`${directory}/package.json`)) as { license?: string };
    if (manifest.license === undefined) throw new ToolError(`Cannot tell the licence of npm package "${name}"`);
    const notices = [...Deno.readDirSync(directory)].map((entry) => entry.name)
      .filter((file) => /^licen[cs]e/i.test(file)).map((file) => `${directory}/${file}`);
    if (notices.length === 0) throw new ToolError(`Cannot find the licence text of npm package "${name}"`);
    const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
    components.push({ name, version, license: manifest.license, purl, role: "in the bundled program", notices });
  }
  return components;
}

/** The runtime; what it is made of in turn is listed by its own project. */
function runtimeComponent(version: string): Component {
  return {
    name: "deno",
    version,
    license: "MIT",
    purl: `pkg:github/denoland/deno@v${version}`,
    role: "the runtime, with V8 (BSD-3-Clause), SQLite (public domain) and the crates that its Cargo.lock lists",
    notices: [`${ROOT}/packaging/licenses/deno`, `${ROOT}/packaging/licenses/v8`],
  };
}

/**
 * Lists what others wrote.
 *
 * @param target machine
 * @param runtimeVersion version of Deno inside
 * @param isOffline whether it is the offline single file, which brings a launcher
 * @returns components, by name
 * @throws {ToolError} when a licence cannot be told
 */
export function components(target: Target, runtimeVersion: string, isOffline: boolean): Component[] {
  return [
    runtimeComponent(runtimeVersion),
    ...npmComponents(`${target.appDirectory}/culprit.js`),
    ...debianComponents(target).filter(({ role }) => isOffline || !role.startsWith("launcher")),
  ].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Makes the bill of materials.
 *
 * @param list components
 * @param files files of the package that are to be named by their content: name and octets
 * @param time when the commit was made, RFC 3339
 * @returns CycloneDX 1.5 as JSON; the same input gives the same octets
 */
export async function billOfMaterials(
  list: readonly Component[],
  files: readonly (readonly [string, Uint8Array<ArrayBuffer>])[],
  time: string,
): Promise<string> {
  const ref = `pkg:generic/culprit@${config.version}`;
  const hashed = await Promise.all(files.map(async ([name, content]) => ({
    type: "file",
    name,
    hashes: [{ alg: "SHA-256", content: await sha256(content) }],
  })));
  const parts = list.map(({ name, version, license, purl, role }) => ({
    type: name === "deno" ? "platform" : "library",
    "bom-ref": purl,
    name,
    version,
    description: role,
    licenses: [{ expression: license }],
    purl,
  }));
  const body = {
    metadata: {
      timestamp: time,
      component: {
        type: "application",
        "bom-ref": ref,
        name: "culprit",
        version: config.version,
        licenses: [{ license: { id: "MIT" } }],
        purl: ref,
      },
    },
    components: [...parts, ...hashed],
    dependencies: [{ ref, dependsOn: list.map(({ purl }) => purl) }],
  };
  const digest = await sha256(new TextEncoder().encode(JSON.stringify(body)));
  const serial = digest.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*/, "$1-$2-$3-$4-$5");
  const head = { bomFormat: "CycloneDX", specVersion: "1.5", serialNumber: `urn:uuid:${serial}`, version: 1 };
  return `${JSON.stringify({ ...head, ...body }, undefined, 2)}\n`;
}

/**
 * Makes the notices of third parties.
 *
 * @param list components
 * @returns plain text with every notice and licence text
 */
export function thirdPartyNotices(list: readonly Component[]): string {
  const rule = "=".repeat(100);
  const sections = list.map(({ name, version, license, role, notices }) =>
    [rule, `${name} ${version}`, role, license, rule, "", ...notices.map((path) => Deno.readTextFileSync(path))].join(
      "\n",
    )
  );
  const licenses = LICENSE_TEXTS.map((path) =>
    [rule, path.replace(/.*\//, ""), rule, "", Deno.readTextFileSync(path)].join("\n")
  );
  const introduction = `culprit contains software of others. This file holds their notices and licences.

The libraries under the LGPL are linked statically: scripts/libbpf.ts, scripts/offline.ts and packaging/ in the source of
culprit link them again, with changed versions if you like, and --libbpf loads another libbpf without any of that.
`;
  return [introduction, ...sections, ...licenses].join("\n");
}
