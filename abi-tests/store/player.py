"""Plays trace.txt: requests of several connections, and everything that comes back to each."""
import re
import select
import struct
import time
import zlib

from server import PATIENCE, VIRQ, Ring, Server

TYPES = ('control directory read get_perms watch unwatch start end introduce release '
         'get_domain_path write mkdir rm set_perms event error is_introduced resume set_target '
         'restrict reset_watches directory_part').split()
EVENT, ERROR = TYPES.index('event'), TYPES.index('error')
START, PART = TYPES.index('start'), TYPES.index('directory_part')
HEADER = struct.Struct('<IIII')
RING_ERRORS = ('none', 'communication', 'ring index', 'protocol')
SYNC = 0xeeeeeeee
END = 'the end'
SILENCE = 3.0


class Socket:
    """A privileged connection."""

    def __init__(self, server):
        self.link = server.connect()
        self.rest = b''
        self.is_served, self.is_gone = True, False

    def send(self, data):
        """All of it, unless the server hung up."""
        try:
            self.link.sendall(data)
        except OSError:
            self.is_gone = True

    def more(self):
        """Some bytes into self.rest, after a moment at most."""
        if self.is_gone:
            return
        ready, _, _ = select.select([self.link], [], [], 0.01)
        if not ready:
            return
        try:
            data = self.link.recv(65536)
        except OSError:
            data = b''
        self.is_gone = not data
        self.rest += data

    def state(self):
        """What is to be told of it beside messages."""
        return 'hung up' if self.is_gone else ''


class Guest:
    """A domain with its ring."""

    def __init__(self, server, domid):
        self.ring = Ring(server, domid)
        self.rest = b''
        self.is_served = False

    def send(self, data):
        """All of it, as there is room; a server that takes nothing more has ended it."""
        end = time.time() + PATIENCE
        while data and time.time() < end and not self.ring.get('error'):
            data = data[self.ring.put(data):]
            self.ring.notify()
            self.more()

    def more(self):
        """Some bytes into self.rest, after a moment at most."""
        data = self.ring.take()
        if data:
            self.ring.notify()
        else:
            self.ring.wait()
        self.rest += data

    def state(self):
        """What is to be told of it beside messages."""
        error, connection = self.ring.get('error'), self.ring.get('connection')
        text = 'ring error: ' + RING_ERRORS[error] if error else ''
        return text + (', disconnected' if connection else '')


def text_of(data):
    """Bytes as they are written in the record; of many the ends and a sum."""
    if len(set(data)) > 6 and len(data) > 400:
        return '%s ... %s (%d bytes, sum %08x)' % (text_of(data[:40]), text_of(data[-60:]), len(data),
                                                   zlib.crc32(data))
    out = ''.join(chr(b) if 32 < b < 127 and b != 92 else {0: '|', 32: '_', 92: '\\\\'}.get(
        b, '\\x%02x' % b) for b in data)
    return re.sub(r'(.)\1{40,}', lambda m: '%s{%d}' % (m.group(1), len(m.group(0))), out) or '-'


def bytes_of(word):
    """A word of the script: with a NUL behind it, or as it is after an equals sign."""
    raw = word.startswith('=')
    word = re.sub(r'(.)\{(\d+)\}', lambda m: m.group(1) * int(m.group(2)), word[raw:])
    data = word.encode().decode('unicode_escape').encode('latin1')
    return data if raw else data + b'\0'


class Player:
    """One server, from its start."""

    def __init__(self, name):
        self.server = Server(name)
        self.links, self.names, self.told = {}, {}, {}
        self.lines = []
        self.links['A'] = Socket(self.server)

    def end(self):
        """What the server complains about at its end, or None."""
        return self.server.end()

    # --- messages ---

    def message(self, link):
        """The next message of a connection, or None while there is no whole one."""
        if len(link.rest) < HEADER.size:
            return None
        kind, request, transaction, count = HEADER.unpack_from(link.rest)
        if len(link.rest) < HEADER.size + count:
            return None
        data = link.rest[HEADER.size:HEADER.size + count]
        link.rest = link.rest[HEADER.size + count:]
        return kind, request, transaction, data

    def tell(self, who, kind, data, keep=None):
        """One line of the record."""
        if kind == EVENT:
            return '%s* %s' % (who, text_of(data))
        if kind == ERROR:
            return '%s! %s' % (who, text_of(data))
        if kind == START:
            if keep:
                self.names[keep] = data.rstrip(b'\0').decode()
            data = b'(number)\0'
        if kind == PART:
            data = b'(number)' + data[data.find(b'\0'):]
        return '%s: %s' % (who, text_of(data))

    def drain(self, who, until, keep=None):
        """The lines up to the answer with this number; None as last when it does not come."""
        link, lines = self.links[who], []
        end = time.time() + SILENCE
        while time.time() < end:
            got = self.message(link)
            if got is None:
                if link.state():
                    break
                link.more()
                continue
            kind, request, _, data = got
            if kind != EVENT and request == SYNC and until == SYNC:
                return lines, True
            lines.append(self.tell(who, kind, data, keep))
            if kind != EVENT and request == until:
                return lines, True
        return lines, False

    def sync(self):
        """Everything that is on its way to anybody, connection by connection."""
        lines = []
        for who, link in self.links.items():
            if link.is_served and not link.state():
                data = b'0\0'
                link.send(HEADER.pack(TYPES.index('get_domain_path'), SYNC, 0, len(data)) + data)
                got, answered = self.drain(who, SYNC)
                lines += got
                if not answered and not link.state():
                    lines.append('%s# does not answer' % who)
                    link.is_served = False
            if link.state() != self.told.get(who, ''):
                lines.append('%s# %s' % (who, link.state() or 'connected'))
                self.told[who] = link.state()
        return lines

    # --- steps ---

    def request(self, who, words):
        """One message, and the lines up to its answer."""
        who, _, transaction = who.partition('/')
        number = int(self.names.get(transaction, transaction if transaction.isdigit() else 0))
        keep = words.pop()[1:] if words[-1].startswith('>') else None
        kind = int(words[0]) if words[0].isdigit() else TYPES.index(words[0])
        data = b''.join(bytes_of(word) for word in words[1:])
        self.links[who].send(HEADER.pack(kind, 7, number, len(data)) + data)
        lines = self.drain(who, 7, keep)[0]
        if words[0] in ('introduce', 'release') and who + ': OK|' in lines:
            guest = self.links.get(words[1])
            if guest:
                guest.is_served = words[0] == 'introduce'
        return lines

    def many(self, count, who, words):
        """The same request with a running number in place of %: runs of equal answers."""
        runs = []
        for i in range(count):
            for line in self.request(who, [word.replace('%', str(i)) for word in words]):
                if runs and runs[-1][0] == line:
                    runs[-1][1] += 1
                else:
                    runs.append([line, 1])
        return ['%s%s' % (line, ' x%d' % times if times > 1 else '') for line, times in runs]

    def ring(self, domid, words):
        """The guest's fields of the ring, as it likes; then it tells the server."""
        link = self.links[domid]
        for word in words:
            field, _, value = word.partition('=')
            old = link.ring.get(field)
            link.ring.set(field, old + int(value[1:]) if value.startswith('+') else int(value))
        link.ring.notify()
        is_wrong = any(word.startswith(('req_', 'rsp_')) for word in words)
        end = time.time() + (SILENCE if is_wrong else 0.05)
        before = link.state()
        while time.time() < end and link.state() == before:
            time.sleep(0.005)
        if not link.ring.get('connection'):
            link.rest = b''
        return []

    def step(self, line):
        """One line of the script: the lines of the record it makes."""
        words = line.split()
        verb = words[0]
        lines = []
        if verb == 'open':
            self.links[words[1]] = Socket(self.server)
        elif verb == 'close':
            self.links.pop(words[1]).link.close()
            time.sleep(0.02)
        elif verb == 'domain':
            self.links[words[1]] = Guest(self.server, int(words[1]))
            self.told.pop(words[1], None)
        elif verb == 'state':
            self.server.domain_write(int(words[1]), None if words[2] == 'gone' else words[2])
            self.server.event_send(VIRQ)
            time.sleep(0.05)
            if words[2] == 'gone':
                self.links.pop(words[1], None)
        elif verb == 'ring':
            lines = self.ring(words[1], words[2:])
        elif verb == 'show':
            ring = self.links[words[1]].ring
            return ['%s# %s' % (words[1], ' '.join('%s=%d' % (f, ring.get(f)) for f in words[2:]))]
        elif verb == 'bytes':
            self.links[words[1]].send(b''.join(bytes_of('=' + word) for word in words[2:]))
        elif verb == 'times':
            lines = self.many(int(words[1]), words[2], words[3:])
        else:
            lines = self.request(verb, words[1:])
        return lines + self.sync()


def sections(text):
    """[(head, [request, ...])] of a script."""
    out = []
    for line in text.splitlines():
        line = line.split(' #')[0].strip()
        if line.startswith('=='):
            out.append((line, []))
        elif line and not line.startswith('#'):
            out[-1][1].append(line)
    return out


def play(name, text):
    """The record of a script: a list of (section, line, lines that came)."""
    record = []
    for section, lines in sections(text):
        player, complaint = Player(name), None
        try:
            for line in lines:
                record.append((section, line, player.step(line)))
        finally:
            complaint = player.end()
        if complaint:
            record.append((section, END, [complaint]))
    return record
