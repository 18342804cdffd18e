"""The laptop cloud: the whole of template.yaml on this machine, from one command.

Read `stack` first: it starts everything and keeps it alive. Then the three things that it starts in this folder
(`emulator`, `edge`, and the event source of sotto.entry), and how the template gets into the emulator (`package`,
`deploy`, `parity`).
"""
