// Run the tests with the other versions of versions.json, in copies of the package under .cache of the project.

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = fileURLToPath(new URL("..", import.meta.url));
const ROOT = join(HERE, "..", "..");
const COPIED = [
  "src",
  "test",
  "README.md",
  "example.mjs",
  ".npmrc",
  "tsconfig.json",
  "tsconfig.build.json",
  "tsconfig.test.json",
];
const HEADROOM = process.env.HEADROOM ?? join(ROOT, ".venv", "bin", "headroom");

const rows = JSON.parse(readFileSync(join(HERE, "versions.json"), "utf8"));
const failed = rows.filter((row) => !passes(row)).map((row) => row.name);
console.log(failed.length > 0 ? `versions failed: ${failed.join(", ")}` : "versions: all passed");
process.exitCode = failed.length > 0 ? 1 : 0;

function passes({ name, requirements }) {
  const folder = join(ROOT, ".cache", "environments", `vercel-ai-sdk-${name}`);
  for (const one of [...COPIED, "dist", "build"]) rmSync(join(folder, one), { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const one of COPIED) cpSync(join(HERE, one), join(folder, one), { recursive: true });
  const own = JSON.parse(readFileSync(join(HERE, "package.json"), "utf8"));
  own.devDependencies = { ...own.devDependencies, ...requirements };
  writeFileSync(join(folder, "package.json"), JSON.stringify(own, null, 2));
  console.log(
    `== ${name}: ${Object.entries(requirements)
      .map((pair) => pair.join("@"))
      .join(" ")}`,
  );
  return [["install", "--no-audit", "--no-fund"], ["test"]].every((command) => npm(command, folder));
}

function npm(command, cwd) {
  const done = spawnSync("npm", ["--silent", ...command], { cwd, stdio: "inherit", env: { ...process.env, HEADROOM } });
  return done.status === 0;
}
