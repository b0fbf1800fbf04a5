/** Owns the lines that show any plan by its steps. */
import { describeStep, type Plan } from '../../plan/plan.ts';

/** Every step in words, for --dry-run and for plans from files. */
export function stepLines(plan: Plan): string[] {
  return ['Plan:', ...plan.steps.map((step, index) => `  ${index + 1}. ${describeStep(step)}`)];
}
