"""matrix_page: the rows of the three interfaces by the columns that answered, as one HTML file and
one JSON file (used by the tool abi)."""
import datetime
import json
import os
import re

GUEST = {'pv': 'PV guest', 'pvh': 'PVH guest', 'hyperv': 'Hyper-V guest', 'native': 'root partition'}
GROUPS = {'A': 'A: every guest needs it', 'B': 'B: common guests use it', 'C': 'C: a control domain\'s',
          'D': 'D: rare', '': 'contracts: pages, registers, order'}
SECTIONS = (
    ('xen', 'Xen ABI', ('pv', 'pvh'),
     'A line is a row of Xen\'s guest interface, a column a hypervisor and a type of guest. The same image '
     'ran in all of them; a cell compares what it saw there with Xen %s and the same type of guest. '
     'The number is how many observations were made, 2/9: two of nine differ. An empty cell: not exercised there. A click opens both sides.'),
    ('hyperv', 'Hyper-V TLFS', ('hyperv',),
     'A line is a row of Microsoft\'s interface [TLFS 6.0b]. The reference is Xen\'s viridian, an HVM guest of '
     'Xen %s without a device model: it has a part of the interface and checks little of what it is '
     'passed, so the numbers the test expects are the specification\'s. No Windows image was run: the '
     '"boot profile" is its documented start, replayed by the test guest; docs/uefi.md has the '
     'command that runs an image of your own.'),
    ('native', 'Native interface', ('native',),
     'A line is a call of the root partition, which only this hypervisor has.%.0s'),
)


def title_of(name):
    """ours-pv -> Entente; xen-4.17-hyperv -> Xen 4.17 viridian."""
    first, _, rest = name.partition('-')
    if first == 'ours':
        return 'Entente'
    if first != 'xen':
        return first
    version, _, kind = rest.partition('-')
    return 'Xen %s%s' % (version, ' viridian' if kind == 'hyperv' else '')


def log_split(path):
    """The console by test; None when the column was kept without its log."""
    if not os.path.exists(path):
        return None
    with open(path, errors='replace') as file:
        text = file.read().replace('\r', '')
    parts = re.split(r'^(?=# test \S+$)', text, flags=re.M)[1:]
    return {part.partition('\n')[0][len('# test '):]: part.rstrip() for part in parts}


def tlfs_rows(path):
    """Registers and calls of the Hyper-V interface."""
    with open(path) as file:
        lines = [line.rstrip('\n').split('\t') for line in file if not line.startswith('#')]
    return [{'priority': priority, 'name': kind + '.' + name, 'number': int(number, 0)}
            for priority, kind, number, name in lines]


def native_rows(path):
    with open(path) as file:
        names = re.findall(r'^CALL\(\d+, (\w+)', file.read(), re.M)
    return [{'priority': 'A', 'name': 'native.' + name, 'number': number}
            for number, name in enumerate(names)]


def section_make(entry, known, columns, cells, version):
    """Rows that no table has are contracts; they come last."""
    where, title, kinds, about = entry
    names = sorted((column['name'] for column in columns if column['kind'] in kinds),
                   key=lambda name: (kinds.index(name.split('-')[-1]), not name.startswith('ours'), name))
    rows = sorted(known, key=lambda row: ('ABCD'.index(row['priority']), row['number']))
    have = {row['name'] for row in rows}
    rows += [{'priority': '', 'name': row} for row in
             sorted({row for name in names for row in cells[name]} - have)]
    groups = [{'id': key, 'title': GROUPS[key] if where != 'native' or not key else 'calls'}
              for key in GROUPS if any(row['priority'] == key for row in rows)]
    return {'id': where, 'title': title, 'about': about % version, 'columns': names, 'rows': rows,
            'priorities': groups}


def cells_make(columns, cells):
    """Each cell with how many observations it stands for."""
    shown = {}
    for column in columns:
        counts = {}
        for item in column['signature']:
            counts[item[1]] = counts.get(item[1], 0) + 1
        shown[column['name']] = {row: dict(cell, count=counts.get(row, 0))
                                 for row, cell in cells[column['name']].items()}
    return shown


def data_make(columns, cells, references, known, key_results):
    version = '4.17'
    return {
        'made': datetime.date.today().isoformat(),
        'sections': [section_make(entry, known[entry[0]], columns, cells, version)
                     for entry in SECTIONS if any(column['kind'] in entry[2] for column in columns)],
        'columns': {column['name']: {
            'title': title_of(column['name']), 'guest': GUEST[column['kind']], 'image': column['image'],
            'is_reference': column['name'].startswith('xen-'),
            'reference': references.get(column['name'])} for column in columns},
        'cells': cells_make(columns, cells),
        'results': {column['name']: key_results(column['signature']) for column in columns},
    }


def page_write(data, template, out):
    """matrix.html holds everything it shows; matrix.json the same without the logs."""
    with open(template) as file:
        page = file.read()
    logs = {name: log_split(os.path.join(out, name + '.log')) for name in data['columns']}
    text = json.dumps(dict(data, logs=logs)).replace('</', '<\\/')
    with open(os.path.join(out, 'matrix.html'), 'w') as file:
        file.write(page.replace('@DATA@', text))
    with open(os.path.join(out, 'matrix.json'), 'w') as file:
        json.dump(data, file, indent=1)
