/**
 * Lint rules of the house style that `deno lint` has no rule for. Each rule is precise rather than broad: what it cannot
 * decide from the syntax alone it lets pass.
 *
 * @module
 */

/** A node that may carry a block body: the part of catch clauses and functions the rules look at. */
type Block = Deno.lint.BlockStatement;

/** Path of the file below the repository, with leading slash, so that "/src/" matches a folder and not part of a name. */
function pathOf(context: Deno.lint.RuleContext): string {
  return context.filename.replaceAll("\\", "/");
}

/** Tests, benches and whatever only they use may do what the product may not. */
function isTestCode(context: Deno.lint.RuleContext): boolean {
  const path = pathOf(context);
  return /_(?:test|bench|testing)\.ts$/.test(path) || path.includes("/tests/");
}

/** Name of the property in `Deno.name`, or undefined for every other expression. */
function denoMember(node: Deno.lint.MemberExpression): string | undefined {
  if (node.object.type !== "Identifier" || node.object.name !== "Deno") return undefined;
  if (!node.computed && node.property.type === "Identifier") return node.property.name;
  if (node.property.type === "Literal" && typeof node.property.value === "string") return node.property.value;
  return undefined;
}

/** Whether a comment stands inside the node: it is taken for the reason. */
function isExplained(context: Deno.lint.RuleContext, node: Deno.lint.Node): boolean {
  return context.sourceCode.getCommentsInside(node).length > 0;
}

/** Whether `name` is written anywhere in the block. */
function mentions(context: Deno.lint.RuleContext, block: Block, name: string): boolean {
  const text = context.sourceCode.getText(block);
  // A name may hold `$`, which is no word character: look around by hand instead of with \b.
  // A dot before it makes it a property of something else, three dots spread it.
  return new RegExp(`(?<![\\w$])(?<!(?<!\\.\\.)\\.)${name.replaceAll("$", "\\$")}(?![\\w$])`).test(text);
}

/** `new Error()` and `Error()` outside tests: errors carry data, so they have a class in src/errors.ts. */
const noPlainError: Deno.lint.Rule = {
  create(context): Deno.lint.LintVisitor {
    if (isTestCode(context)) return {};
    const check = (node: Deno.lint.NewExpression | Deno.lint.CallExpression): void => {
      if (node.callee.type !== "Identifier" || node.callee.name !== "Error") return;
      context.report({
        node,
        message: "Plain Error carries no data",
        hint: "Throw a class of src/errors.ts; TypeError and RangeError are for mistakes of the programmer",
      });
    };
    return { NewExpression: check, CallExpression: check };
  },
};

/** `Deno.dlopen` and `Deno.Unsafe*` outside ffi/: memory safety is reviewed in one folder. */
const unsafeOnlyInFfi: Deno.lint.Rule = {
  create(context): Deno.lint.LintVisitor {
    if (pathOf(context).includes("/ffi/")) return {};
    return {
      MemberExpression(node): void {
        const name = denoMember(node);
        if (name === undefined || !(name === "dlopen" || name.startsWith("Unsafe"))) return;
        context.report({ node, message: `Deno.${name} is used outside ffi/`, hint: "Give ffi/ a function for it" });
      },
    };
  },
};

/** `Deno.Command` in src/ and ffi/: the tool runs as root and starts no programs. */
const noCommand: Deno.lint.Rule = {
  create(context): Deno.lint.LintVisitor {
    const path = pathOf(context);
    if (isTestCode(context) || !(path.includes("/src/") || path.includes("/ffi/"))) return {};
    return {
      MemberExpression(node): void {
        if (denoMember(node) !== "Command") return;
        context.report({ node, message: "The product starts no programs", hint: "Ask the kernel or read the file" });
      },
    };
  },
};

/** A catch that neither uses the error nor says why it may be dropped. */
const noSilentCatch: Deno.lint.Rule = {
  create(context): Deno.lint.LintVisitor {
    const message = "This catch drops the error";
    const hint = "Use the error, pass it on as cause, or say in a comment inside the block why it may be dropped";
    return {
      CatchClause(node): void {
        if (isExplained(context, node.body)) return;
        // A destructuring parameter has already taken what it wanted from the error.
        if (node.param !== null && node.param.type !== "Identifier") return;
        if (node.param !== null && mentions(context, node.body, node.param.name)) return;
        context.report({ node, message, hint });
      },
      CallExpression(node): void {
        if (node.callee.type !== "MemberExpression" || node.callee.property.type !== "Identifier") return;
        if (node.callee.property.name !== "catch" || node.callee.computed) return;
        const handler = node.arguments[0];
        if (handler?.type !== "ArrowFunctionExpression" && handler?.type !== "FunctionExpression") return;
        if (handler.body?.type !== "BlockStatement" || handler.body.body.length > 0) return;
        if (!isExplained(context, handler)) context.report({ node: handler, message, hint });
      },
    };
  },
};

/** Statements in which waiting a little is polling for a condition, which is no sleep. */
const LOOPS: ReadonlySet<string> = new Set([
  "WhileStatement",
  "DoWhileStatement",
  "ForStatement",
  "ForOfStatement",
  "ForInStatement",
]);

/** `new Promise((resolve) => setTimeout(resolve, n))` in a test, outside a polling loop. */
const noSleepInTests: Deno.lint.Rule = {
  create(context): Deno.lint.LintVisitor {
    if (!pathOf(context).endsWith("_test.ts")) return {};
    return {
      NewExpression(node): void {
        if (node.callee.type !== "Identifier" || node.callee.name !== "Promise") return;
        const executor = node.arguments[0];
        if (executor?.type !== "ArrowFunctionExpression" && executor?.type !== "FunctionExpression") return;
        const resolve = executor.params[0];
        if (resolve?.type !== "Identifier") return;
        const body = context.sourceCode.getText(executor);
        const name = resolve.name.replaceAll("$", "\\$");
        if (!new RegExp(`setTimeout\\(\\s*(?:${name}\\s*,|\\(\\)\\s*=>\\s*${name}\\()`).test(body)) return;
        if (context.sourceCode.getAncestors(node).some((ancestor) => LOOPS.has(ancestor.type))) return;
        context.report({
          node,
          message: "A test that sleeps is slow and still races",
          hint: "Wait for a signal (a ready file, an event), or poll for the condition in a loop",
        });
      },
    };
  },
};

/** The plugin named in deno.json. */
const plugin: Deno.lint.Plugin = {
  name: "house",
  rules: {
    "no-plain-error": noPlainError,
    "unsafe-only-in-ffi": unsafeOnlyInFfi,
    "no-command": noCommand,
    "no-silent-catch": noSilentCatch,
    "no-sleep-in-tests": noSleepInTests,
  },
};

export default plugin;
