/* placeholder, replaced shortly */
import { readFileSync, readlinkSync } from 'node:fs';
export interface OsThread { tid: number; state: string; cpu: number; utimeTicks: number; stimeTicks: number; voluntary: number; involuntary: number; wchan: string | null; syscall: string | null }
export function osThreadId(): number | null { try { return Number(readlinkSync('/proc/thread-self').split('/').pop()); } catch { return null; } }
export function readOsThread(tid: number): OsThread | null { try { const s = readFileSync(`/proc/self/task/${tid}/stat`, 'utf8'); const f = s.slice(s.lastIndexOf(')') + 2).split(' '); return { tid, state: f[0]!, cpu: Number(f[36]), utimeTicks: Number(f[11]), stimeTicks: Number(f[12]), voluntary: 0, involuntary: 0, wchan: null, syscall: null }; } catch { return null; } }
export function judgeOsThread(_a: OsThread, b: OsThread): string { return b.state === 'R' ? 'on-cpu' : 'asleep'; }
