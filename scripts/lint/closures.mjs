// V8 allocates a function literal that is assigned to a property, and an accessor of an object literal, in the old generation.
// A call that such a closure references survives every young collection (docs/performance.md).
import { readFileSync } from 'node:fs';
import ts from 'typescript';

const SOURCE = /^(packages|services)\/.*\/src\/.*\.ts$/;
const TEST = /\.test\.ts$|\.contract\.ts$|\/testing\//;
const ASSIGNMENTS = [
  ts.SyntaxKind.EqualsToken,
  ts.SyntaxKind.QuestionQuestionEqualsToken,
  ts.SyntaxKind.BarBarEqualsToken,
  ts.SyntaxKind.AmpersandAmpersandEqualsToken,
];

const isProperty = (node) => ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node);
const withoutParentheses = (node) => (ts.isParenthesizedExpression(node) ? withoutParentheses(node.expression) : node);
const isFunctionLiteral = (node) => ts.isArrowFunction(node) || ts.isFunctionExpression(node);
const isInFunction = (node) => node !== undefined && (ts.isFunctionLike(node) || isInFunction(node.parent));

function isAssignedClosure(node) {
  return (
    ts.isBinaryExpression(node) &&
    ASSIGNMENTS.includes(node.operatorToken.kind) &&
    isProperty(node.left) &&
    isFunctionLiteral(withoutParentheses(node.right))
  );
}

const isAccessor = (node) => ts.isAccessor(node) && ts.isObjectLiteralExpression(node.parent);

function closuresIn(file) {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
  const found = [];
  const visit = (node) => {
    if ((isAssignedClosure(node) || isAccessor(node)) && isInFunction(node.parent)) {
      const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
      const what = isAccessor(node) ? 'an accessor in an object literal' : 'a function literal assigned to a property';
      found.push(`${file}:${line}: ${what} is allocated in V8's old generation: use a method, a class field or a local variable`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** Returns a problem per closure that keeps calls alive. */
export function checkClosures(files) {
  return files.filter((file) => SOURCE.test(file) && !TEST.test(file)).flatMap(closuresIn);
}
