"""Writes a text file as a C array: embed.py figure4.gp figure4_gp.h gives
`static const char figure4_gp[]`, NUL-terminated."""
import pathlib
import sys

source, target = map(pathlib.Path, sys.argv[1:])
name = source.name.replace('.', '_')
data = source.read_bytes() + b'\0'
lines = [', '.join(f"'\\x{b:02x}'" for b in data[i:i + 10]) for i in range(0, len(data), 10)]
target.write_text(f'/* {source.name}, by plots/embed.py */\nstatic const char {name}[] = {{\n    '
                  + ',\n    '.join(lines) + ',\n};\n')
