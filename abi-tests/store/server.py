"""A xenstore server in a folder of its own, above the files that fake_xen.c takes for Xen."""
import ctypes
import mmap
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.abspath(os.environ.get('ENTENTE_BUILD') or os.path.join(ROOT, 'build'))
VIRQ = 0xffffffff
PATIENCE = 20.0

# Debian's daemon knows no other place than /run: it gets one of its own.
REAL = r'''
mount --bind "$FAKE_XEN/run" /run && mkdir -p /var/lib/xen && mount --bind "$FAKE_XEN/lib" /var/lib/xen
exec "$1/lib64/ld-linux-x86-64.so.2" --library-path "$1/lib/x86_64-linux-gnu" \
    --preload "$2" "$1/bin/xenstored" --no-fork
'''


def fail(place, text, fix):
    """One line that says where, what and what to do next."""
    print('store: error: %s: %s; %s' % (place, text, fix), file=sys.stderr)
    sys.exit(1)


def oracle_tree(version):
    """Where the programs of Debian's Xen are; fetched once."""
    script = 'for f in hv/host/common.sh hv/host/fetch.sh abi-tests/oracle/dom0.sh; do . $f; done; ' \
        'oracle_fetch "$1"'
    done = subprocess.run(['bash', '-c', script, 'store', version], cwd=ROOT,
                          stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        sys.exit(done.returncode)
    return done.stdout.strip().splitlines()[-1] + '/tree'


def package_version(version):
    """Of the daemon: what Debian calls the package it came in."""
    with open(os.path.dirname(oracle_tree(version)) + '/packages', encoding='ascii') as file:
        for line in file:
            words = line.split()
            if words[1] == 'xen-utils-' + version:
                return words[2]
    return 'unknown'


class Server:
    """name: ours, 4.17 or 4.20."""

    def __init__(self, name):
        self.name = name
        self.folder = tempfile.mkdtemp(prefix='store.')
        os.makedirs(self.folder + '/run/xenstored')
        os.makedirs(self.folder + '/lib/xenstore')
        self.domain_write(0, 'running')
        self.file_write('ring-0', bytes(4096))
        self.file_write('port-0', b'1')
        self.log = open(self.folder + '/log', 'wb')
        self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log,
                                        env=dict(os.environ, FAKE_XEN=self.folder))
        self.path = self.folder + '/run/xenstored/socket'
        self.wait()

    def command(self):
        """The daemon's command line."""
        if self.name == 'ours':
            return [BUILD + '/store/stored', self.folder + '/run/xenstored/socket']
        unshare = ['unshare', '-m'] if os.geteuid() == 0 else ['unshare', '-rm']
        return unshare + ['bash', '-c', REAL, 'bash', oracle_tree(self.name),
                          BUILD + '/store/fake_xen.so']

    def wait(self):
        """Until the socket takes connections."""
        end = time.time() + PATIENCE
        while time.time() < end and self.process.poll() is None:
            try:
                self.connect().close()
                return
            except OSError:
                time.sleep(0.005)
        self.end()
        fail('server ' + self.name, 'it does not come up: ' + self.told(),
             'run `make store-images`; Debian\'s needs mount namespaces (root, or `unshare -rm`)')

    def told(self):
        """What it said last."""
        try:
            with open(self.folder + '/log', encoding='utf8', errors='replace') as file:
                return ' / '.join(file.read().splitlines()[-30:])
        except OSError:
            return ''

    def connect(self):
        """A privileged connection; a short queue in front of the daemon may be full."""
        end = time.time() + PATIENCE
        while True:
            link = socket.socket(socket.AF_UNIX)
            link.settimeout(PATIENCE)
            try:
                link.connect(self.path)
                return link
            except BlockingIOError:
                link.close()
                if time.time() > end:
                    raise
                time.sleep(0.01)
            except OSError:
                link.close()
                raise

    def file_write(self, name, data):
        """Replaced as a whole, so that nobody reads half of it."""
        with open(self.folder + '/new', 'wb') as file:
            file.write(data)
        os.rename(self.folder + '/new', '%s/%s' % (self.folder, name))

    def domain_write(self, domid, state):
        """A domain's state, as Xen tells it; None: it is gone."""
        if state is None:
            os.unlink('%s/domain-%d' % (self.folder, domid))
        else:
            self.file_write('domain-%d' % domid, state.encode())

    def event_send(self, sender):
        """A domain's event, or VIRQ."""
        link = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        link.settimeout(PATIENCE)
        try:
            link.sendto(struct.pack('<I', sender), self.folder + '/events')
        except OSError:
            pass
        link.close()

    def end(self):
        """The daemon ends; its complaint, if it was not asked to."""
        code = self.process.poll()
        if code is None:
            self.process.terminate()
            self.process.wait()
        self.log.close()
        text = None if code is None else 'it ended with %d: %s' % (code, self.told())
        if code is None and b'Sanitizer' in open(self.folder + '/log', 'rb').read():
            text = self.told()
        shutil.rmtree(self.folder, ignore_errors=True)
        return text


class Ring:
    """A domain's page: the guest's side of it [xen/io/xs_wire.h, struct xenstore_domain_interface]."""
    SIZE = 1024
    FIELDS = {'req_cons': 2048, 'req_prod': 2052, 'rsp_cons': 2056, 'rsp_prod': 2060,
              'server_features': 2064, 'connection': 2068, 'error': 2072}

    def __init__(self, server, domid):
        self.server, self.domid = server, domid
        server.file_write('ring-%d' % domid, bytes(4096))
        server.domain_write(domid, 'running')
        file = os.open('%s/ring-%d' % (server.folder, domid), os.O_RDWR)
        self.page = mmap.mmap(file, 4096)
        os.close(file)
        self.bell = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        path = '%s/guest-%d' % (server.folder, domid)
        if os.path.exists(path):
            os.unlink(path)
        self.bell.bind(path)
        self.bell.settimeout(0.002)

    def get(self, field):
        """An index or a flag."""
        return ctypes.c_uint32.from_buffer(self.page, self.FIELDS[field]).value

    def set(self, field, value):
        """Stored at once, not byte by byte."""
        ctypes.c_uint32.from_buffer(self.page, self.FIELDS[field]).value = value & 0xffffffff

    def notify(self):
        """Tells the server."""
        self.server.event_send(self.domid)

    def wait(self):
        """A moment, or until the server tells."""
        try:
            self.bell.recv(1)
        except OSError:
            pass

    def put(self, data):
        """What fits of these bytes; how many that was."""
        producer, count = self.get('req_prod'), 0
        used = (producer - self.get('req_cons')) & 0xffffffff
        while count < len(data) and used + count < self.SIZE:
            self.page[(producer + count) % self.SIZE] = data[count]
            count += 1
        self.set('req_prod', producer + count)
        return count

    def take(self):
        """All bytes that are there."""
        consumer = self.get('rsp_cons')
        count = (self.get('rsp_prod') - consumer) & 0xffffffff
        if count > self.SIZE:
            return b''
        data = bytes(self.page[1024 + (consumer + i) % self.SIZE] for i in range(count))
        self.set('rsp_cons', consumer + len(data))
        return data
