/*
 * account: a wrong sum that only shows in one of the orders.
 *
 *     deposit     balance += 2          checker    if both are done, the balance is x - 2 - 4
 *     withdraw    balance -= 4
 *
 * From SCTBench (CS/account).  All is locked, and nothing races: what is wrong is the checker's sum, which takes the
 * deposit for a withdrawal, and nobody notices unless the checker comes last.  That is an order in three, of the
 * threads alone, so whoever tries orders at all finds it at once.  Thread start must be a scheduling point for
 * that: a checker that always runs first passes for ever.
 *
 *     median schedules to the first bug    POS 1, PCT3 6, RFF 1
 *
 * The twin adds up right.
 */

import {
  defineWorkload,
  get,
  global,
  i32,
  kmutex,
  mutex_enter,
  mutex_exit,
  panic,
  put,
  shared,
  struct,
  u32,
  type RoleContext,
} from '../../src/index.ts';

const account_t = shared(
  struct('account_t', { balance: i32, deposit_done: u32, withdraw_done: u32 }),
);
const account = global('account', account_t);
const account_lock = global('account_lock', kmutex);

const OPENING = 1;
const DEPOSIT = 2;
const WITHDRAWAL = 4;

function deposit(): void {
  mutex_enter(account_lock);
  put(account, account_t.balance, get(account, account_t.balance) + DEPOSIT);
  put(account, account_t.deposit_done, 1);
  mutex_exit(account_lock);
}

function withdraw(): void {
  mutex_enter(account_lock);
  put(account, account_t.balance, get(account, account_t.balance) - WITHDRAWAL);
  put(account, account_t.withdraw_done, 1);
  mutex_exit(account_lock);
}

function check_result({ variant }: RoleContext): void {
  mutex_enter(account_lock);
  if (get(account, account_t.deposit_done) && get(account, account_t.withdraw_done)) {
    const deposited = variant === 'planted' ? -DEPOSIT : DEPOSIT;
    const balance = get(account, account_t.balance);
    if (balance !== OPENING + deposited - WITHDRAWAL) panic(`account: the balance is ${balance}`);
  }
  mutex_exit(account_lock);
}

export default defineWorkload({
  name: 'account',
  title: 'a deposit, a withdrawal, and who checks the sum of both',
  variants: {
    planted: { title: 'the checker takes the deposit for a withdrawal', verdict: 'panic' },
    fixed: { title: 'it does not', verdict: 'pass' },
  },
  roles: [
    { name: 'checker', psargs: 'checker', run: check_result },
    { name: 'depositor', psargs: 'depositor', run: deposit },
    { name: 'withdrawer', psargs: 'withdrawer', run: withdraw },
  ],
  boot: () => put(account, account_t.balance, OPENING),
});
