/*
 * What the golden test types: for each dcmd, the lines that show what it does.
 *
 * The same lines go to every golden dump, so a thread or a lock is named by a walk or by `<thread`, the thread
 * that the dump is about.  A line may well be an error on some dumps: how that is said is part of the picture.
 */

export const LINES: Readonly<Record<string, readonly string[]>> = {
  dcmds: ['::dcmds'],
  deadlock: ['::deadlock', '::deadlock | ::print kthread name'],
  dis: ['<rip::dis', '<rip::dis -n 1', 'mutex_enter::dis -n 2', '0::dis'],
  events: ['::events -n 0t20', '::events -c', '<thread::events -n 4', '::events -t nobody'],
  findstack: [
    '<thread::findstack',
    '<thread::findstack -v',
    '<thread::findstack -a',
    '1::findstack',
  ],
  formats: ['::formats'],
  help: ['::help', '::help print', '::help thread', '::help nothing'],
  json: ['::walk thread | ::json', '::status | ::json', '::json'],
  kbuf: ['::kbuf'],
  kstat: ['::kstat -o', '::kstat -m zfs -i 3 -v', '::kstat -n kstat_headers', '1::kstat'],
  locals: ['<thread::locals', '<thread::locals swtch', '<thread::locals nothing', '1::locals'],
  locks: ['::locks', '::locks -n 2', '::locks -k rwlock', '::locks -k nothing'],
  modinfo: ['::modinfo', 'modules::modinfo', '1::modinfo'],
  mutex: ['::walk lock | ::mutex', '<thread::mutex'],
  print: [
    '<thread::print kthread name state wchan held[0]',
    '<thread::print -at kthread ts',
    '0::print -d image_header clock boot magic',
    '<thread::print kthread nothing',
    '<thread::print nothing',
  ],
  quit: ['::quit; ::status', '::help quit'],
  $C: ['$C', ',0$C', '$c'],
  status: ['::status'],
  stubs: ['::stubs', '::stubs -w'],
  victims: ['::victims', '::victims | ::print kthread name'],
  walk: ['::walk thread', '::walk wchan', '::walk nothing'],
  walkers: ['::walkers'],
  why: ['<thread::why', '::victims | ::why', '1::why'],
};
