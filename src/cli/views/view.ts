/** Owns what a view is: it shows the events of an operation as they come. None decides anything. */
import type { TribEvent } from '../../execute/events.ts';
import type { PlanOperation } from '../../plan/plan.ts';
import type { Session } from '../session.ts';

export interface View {
  show(event: TribEvent): void;
  /** Before a question is asked, and after the last event or an error: nothing may be left half drawn. */
  pause(): void;
}

/** What the operator asked for; views show the same event in another way for another operation. */
export type Operation = 'check' | 'diff' | 'apply' | 'call' | 'up' | 'backup' | PlanOperation | 'wait';

/** The view that this run asks for. What draws on a terminal is loaded only for one. */
export async function viewFor(session: Session, operation: Operation): Promise<View> {
  switch (session.mode) {
    case 'json':
      return new (await import('./json-view.ts')).JsonView(session);
    case 'events':
      return new (await import('./events-view.ts')).EventsView(session);
    case 'human': {
      const { HumanView } = await import('./human-view.ts');
      if (!session.isTerminal) return new HumanView(session, operation);
      return new (await import('./live-view.ts')).LiveView(session, operation);
    }
  }
}
