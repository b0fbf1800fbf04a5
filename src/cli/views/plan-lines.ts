/** Owns the lines that show any plan by its steps, and a step as it begins, where an operation has no words of its own. */
import { describeStep, type Plan, type Step } from '../../plan/plan.ts';
import type { Session } from '../session.ts';

/** Every step in words, for --dry-run and for plans from files. */
export function stepLines(plan: Plan): string[] {
  return ['Plan:', ...plan.steps.map((step, index) => `  ${index + 1}. ${describeStep(step)}`)];
}

/** ">>> Wait until ..." */
export function startLines(step: Step, { paint }: Pick<Session, 'paint'>): string[] {
  const words = describeStep(step);
  return [paint('bold', `>>> ${words.charAt(0).toUpperCase()}${words.slice(1)}`)];
}
