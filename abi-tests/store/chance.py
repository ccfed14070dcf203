"""Random requests of two guests and a toolstack, few paths, many transactions."""
import random

OPERATIONS = 'read write write write mkdir rm directory get_perms set_perms watch unwatch start ' \
    'end end'.split()


class Chance:
    """A script like trace.txt, the same for the same seed."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.open = {'A': [], '5': [], '6': []}  # transactions
        self.count = 0
        self.lines = ['== chance %d' % seed, 'domain 5', 'domain 6', 'A introduce 5 1 1',
                      'A introduce 6 1 1']
        for domid in '56':
            self.lines += ['A mkdir /local/domain/' + domid,
                           'A set_perms /local/domain/%s n%s' % (domid, domid)]

    def path(self, who):
        """Its own, relative or not, or another's."""
        rest = '/'.join(self.random.choice('abc') for _ in range(self.random.randint(1, 3)))
        if who != 'A' and self.random.random() < 0.6:
            return rest
        return '/local/domain/%s/%s' % (self.random.choice('56'), rest)

    def rights(self, who):
        """Mostly with the owner it may name."""
        owner = who if who != 'A' and self.random.random() < 0.9 else self.random.choice('056')
        more = [self.random.choice('nrwb') + self.random.choice('56')
                for _ in range(self.random.randint(0, 2))]
        return ' '.join([self.random.choice('nrwb') + owner] + more)

    def start(self, who):
        """At most three at once."""
        if len(self.open[who]) < 3:
            self.count += 1
            self.open[who].append('t%d' % self.count)
            self.lines.append('%s start >t%d' % (who, self.count))

    def step(self):
        """One more line, or none."""
        who, operation = self.random.choice('556A'), self.random.choice(OPERATIONS)
        inside = ''
        if self.open[who] and self.random.random() < 0.6:
            inside = self.random.choice(self.open[who])
        at = who + ('/' + inside if inside else '')
        if operation == 'start':
            self.start(who)
        elif operation == 'end':
            if inside:
                self.open[who].remove(inside)
                self.lines.append('%s end %s' % (at, self.random.choice('TTTF')))
        elif operation == 'write':
            self.lines.append('%s write %s =%s' % (at, self.path(who), self.random.choice('123')))
        elif operation == 'set_perms':
            self.lines.append('%s set_perms %s %s' % (at, self.path(who), self.rights(who)))
        elif operation in ('watch', 'unwatch'):
            self.lines.append('%s %s %s %s' % (who, operation, self.path(who), self.random.choice('xy')))
        else:
            self.lines.append('%s %s %s' % (at, operation, self.path(who)))


def script(seed, steps=120):
    """So many steps by chance."""
    chance = Chance(seed)
    for _ in range(steps):
        chance.step()
    return '\n'.join(chance.lines)


def names_twice(line):
    """An answer that lists a name two times."""
    names = line.partition(': ')[2].split('|')[:-1]
    return len(names) != len(set(names))


def is_known(request, real):
    """A child came into a folder after the transaction saw that: xenstored fails to remove it and
    lists it twice when it is made again. Ours goes on; both refuse the commit."""
    if ' directory ' in request:
        return any(names_twice(line) for line in real)
    return any(line.endswith('! EIO|') for line in real)
