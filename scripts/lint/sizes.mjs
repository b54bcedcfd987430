// Long functions and files have more than one subject.
import { readFileSync } from 'node:fs';
import ts from 'typescript';

const MAX_FUNCTION_LINES = 80;
const MAX_FILE_LINES = 400;
const SOURCE = /\.(ts|mjs|lua)$/;

const isDescribe = (node) => ts.isCallExpression(node) && /^describe\b/.test(node.expression.getText());

/** Whether a function is a list of tests: the body of a `describe`, or a contract suite that wraps one. */
function isSuite(node) {
  if (isDescribe(node.parent)) return true;
  return ts.isBlock(node.body) && node.body.statements.some((one) => ts.isExpressionStatement(one) && isDescribe(one.expression));
}

function longFunctions(file, text) {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found = [];
  const visit = (node) => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined && !isSuite(node)) {
      const first = source.getLineAndCharacterOfPosition(node.getStart()).line;
      const lines = source.getLineAndCharacterOfPosition(node.end).line - first + 1;
      if (lines > MAX_FUNCTION_LINES) {
        found.push(
          `${file}:${first + 1}: a function of ${lines} lines, at most ${MAX_FUNCTION_LINES} are allowed: split it by subject`,
        );
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** Returns a problem per function and file that is too long. */
export function checkSizes(files) {
  return files
    .filter((file) => SOURCE.test(file))
    .flatMap((file) => {
      const text = readFileSync(file, 'utf8');
      const lines = text.split('\n').length - 1;
      const long =
        lines > MAX_FILE_LINES ? [`${file}: ${lines} lines, at most ${MAX_FILE_LINES} are allowed: split it by subject`] : [];
      return file.endsWith('.lua') ? long : [...long, ...longFunctions(file, text)];
    });
}
