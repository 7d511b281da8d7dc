// Makes the archives of a release (.tar.gz and .deb) so that the same files give the same octets.
import config from "../deno.json" with { type: "json" };
import type { Target } from "./target.ts";
import { ROOT, runTool } from "./toolchain.ts";

/** One file of an archive. */
export interface ArchiveFile {
  /** Path in the archive, without a leading slash. */
  readonly path: string;
  /** Content, or the path of a file that holds it. */
  readonly content: string | { readonly file: string };
  /** Permissions: 0o644 or 0o755. */
  readonly mode: number;
}

/** Writes files below a directory, all with the same time. */
function stage(directory: string, files: readonly ArchiveFile[], epoch: number): void {
  for (const { path, content, mode } of files) {
    const target = `${directory}/${path}`;
    Deno.mkdirSync(target.replace(/\/[^/]*$/, ""), { recursive: true });
    if (typeof content === "string") Deno.writeTextFileSync(target, content);
    else Deno.copyFileSync(content.file, target);
    Deno.chmodSync(target, mode);
    Deno.utimeSync(target, epoch, epoch);
  }
}

/** Runs a function with a directory that is gone afterwards. */
function withScratch(run: (directory: string) => void): void {
  const scratch = Deno.makeTempDirSync({ prefix: "culprit-archive-" });
  try {
    run(scratch);
  } finally {
    Deno.removeSync(scratch, { recursive: true });
  }
}

/**
 * Makes a .tar.gz whose files are in one directory.
 *
 * @param output path of the archive
 * @param directory name of that directory
 * @param files what is in it
 * @param epoch time of the files, in seconds since 1970
 * @throws {ToolError} when tar fails
 */
export function makeTar(output: string, directory: string, files: readonly ArchiveFile[], epoch: number): void {
  withScratch((scratch) => {
    stage(`${scratch}/${directory}`, files, epoch);
    tarDirectory(output, scratch, directory, epoch);
  });
}

/**
 * Makes a .tar.gz of a directory that is there.
 *
 * @param output path of the archive
 * @param parent where the directory is
 * @param directory its name, which the archive shows
 * @param epoch time of the files, in seconds since 1970
 * @throws {ToolError} when tar fails
 */
export function tarDirectory(output: string, parent: string, directory: string, epoch: number): void {
  runTool("tar", [
    `--directory=${parent}`,
    "--sort=name",
    `--mtime=@${epoch}`,
    "--owner=root:0",
    "--group=root:0",
    "--mode=go=rX,u+rw",
    "--format=gnu",
    // Without name and time of the file.
    "--use-compress-program=gzip -n",
    "--create",
    `--file=${output}`,
    directory,
  ]);
}

/**
 * Makes a .deb.
 *
 * @param output path of the package
 * @param target machine it is for
 * @param files what it installs
 * @param epoch time of the files, in seconds since 1970
 * @param compression how: xz for a release, gzip to be quick
 * @throws {ToolError} when dpkg-deb fails
 */
export function makeDeb(
  output: string,
  target: Target,
  files: readonly ArchiveFile[],
  epoch: number,
  compression: "xz" | "gzip",
): void {
  withScratch((scratch) => {
    stage(scratch, files, epoch);
    const sizeBytes = files.reduce((sum, { path }) => sum + Deno.statSync(`${scratch}/${path}`).size, 0);
    const control = Deno.readTextFileSync(`${ROOT}/packaging/debian/control`)
      .replace("@VERSION@", config.version)
      .replace("@ARCHITECTURE@", target.debianArch)
      .replace("@INSTALLED_SIZE@", String(Math.ceil(sizeBytes / 1024)));
    // What dpkg --verify compares.
    const sums = files.map(({ path }) => path).filter((path) => !path.startsWith("etc/")).toSorted();
    Deno.chdir(scratch);
    const md5sums = new TextDecoder().decode(runTool("md5sum", sums));
    Deno.chdir(ROOT);
    const scripts = ["postinst", "prerm", "postrm"].map((name) => ({
      path: `DEBIAN/${name}`,
      content: { file: `${ROOT}/packaging/debian/${name}` },
      mode: 0o755,
    }));
    stage(scratch, [
      { path: "DEBIAN/control", content: control, mode: 0o644 },
      { path: "DEBIAN/conffiles", content: { file: `${ROOT}/packaging/debian/conffiles` }, mode: 0o644 },
      { path: "DEBIAN/md5sums", content: md5sums, mode: 0o644 },
      ...scripts,
    ], epoch);
    runTool("chmod", ["-R", "u+rwX,go+rX,go-w", scratch]);
    runTool("env", [
      `SOURCE_DATE_EPOCH=${epoch}`,
      "dpkg-deb",
      "--root-owner-group",
      `-Z${compression}`,
      `-z${compression === "xz" ? 6 : 1}`,
      // One thread, because the number of threads shows in what xz writes.
      "--threads-max=1",
      "--build",
      scratch,
      output,
    ]);
  });
}
