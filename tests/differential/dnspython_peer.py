"""Compares what culprit read of messages with what dnspython reads of them.

One JSON object a line on standard input: the message, and what culprit made of it. One JSON array a line on standard
output: the disagreements, each [kind, subject, detail]. Names go as lists of labels in hexadecimal, so that no text form
is in between; record data goes as octets without compression, and as the text culprit shows, which dnspython must be
able to read as those same octets.
"""

import json
import sys

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.wire

OPT = 41


def labels(name):
    return [label.hex() for label in name.labels[:-1]]


def reason(error):
    return f"{type(error).__name__}: {error}"


def read_name(parser):
    """A name, and the parser right after it: dnspython moves on to the furthest octet any part of the name took, which
    lies behind where the name ends when a label that is pointed to runs over the pointer."""
    wire, at = parser.wire, parser.current
    name = parser.get_name()
    while wire[at] != 0 and wire[at] < 0xC0:
        at += 1 + wire[at]
    parser.current = at + (1 if wire[at] == 0 else 2)
    return name


def read_record(parser):
    """Owner, type, class, TTL, octets of the data and the rdata object, or the error in its place."""
    owner = read_name(parser)
    rdtype, rdclass, ttl, size = parser.get_struct("!HHIH")
    start = parser.current
    if size > parser.remaining():
        raise dns.exception.FormError("rdata past the end")
    with parser.restrict_to(size):
        try:
            rdata = dns.rdata.from_wire_parser(rdclass, rdtype, parser, None)
            if parser.remaining() > 0:
                rdata = dns.exception.FormError("trailing junk in rdata")
        except Exception as error:  # anything it may raise is an answer
            rdata = error
        parser.current = start + size
    return owner, rdtype, rdclass, ttl, parser.wire[start : start + size], rdata


def walk(wire):
    """Questions and records as far as they can be read, and what stopped the reading."""
    questions, records = [], []
    parser = dns.wire.Parser(wire)
    try:
        parser.get_struct("!HH")
        counts = parser.get_struct("!HHHH")
        for _ in range(counts[0]):
            name = read_name(parser)
            rdtype, rdclass = parser.get_struct("!HH")
            questions.append([labels(name), rdtype, rdclass])
        for section in (1, 2, 3):
            for _ in range(counts[section]):
                records.append((section, *read_record(parser)))
        if parser.remaining() > 0:
            return questions, records, "trailing junk"
    except Exception as error:
        return questions, records, reason(error)
    return questions, records, None


def wire_of(rdata):
    return rdata.to_wire(origin=dns.name.root)


def text_of(rdata):
    """Its presentation form; some of dnspython's cannot be made of all octets."""
    try:
        return rdata.to_text()
    except Exception as error:
        return reason(error)


def plain(text):
    """Text without what is spelled in two ways: spaces in base64 and hexadecimal, dots at the end of names, case."""
    return text.replace(" ", "").replace(".", "").lower()


def compare_record(theirs, ours, found):
    section, owner, rdtype, rdclass, ttl, raw, rdata = theirs
    subject = f"{dns.rdatatype.to_text(rdtype)} {dns.rdataclass.to_text(rdclass)}"
    if [section, labels(owner), rdtype, rdclass] != ours["key"]:
        found.append(["record", subject, f"{[section, labels(owner), rdtype, rdclass]} != {ours['key']}"])
        return
    if rdtype != OPT and (ttl if ttl < 2**31 else 0) != ours["ttl"]:
        found.append(["ttl", subject, f"{ttl} != {ours['ttl']}"])
    malformed = ours["malformed"]
    if isinstance(rdata, Exception):
        if not malformed and not (raw == b"" and ours["data"] == ""):
            found.append(["only culprit reads", subject, f"{reason(rdata)} | {raw.hex()} | {ours['data']}"])
        return
    if isinstance(rdata, dns.rdata.GenericRdata):
        if not malformed and not ours["generic"]:
            found.append(["dnspython knows no form", subject, ""])
        elif raw.hex() != ours["wire"]:
            found.append(["octets", subject, f"{raw.hex()} != {ours['wire']}"])
        return
    if malformed or ours["generic"]:
        found.append(["only dnspython reads", subject, f"{raw.hex()} | {text_of(rdata)}"])
        return
    if rdtype == OPT:
        options = [[int(option.otype), option.to_wire().hex()] for option in rdata.options]
        if options != ours["options"]:
            found.append(["options", subject, f"{options} != {ours['options']} | {raw.hex()}"])
        return
    if wire_of(rdata).hex() != ours["wire"]:
        found.append(["octets", subject, f"{raw.hex()} | {wire_of(rdata).hex()} != {ours['wire']} | {ours['data']}"])
    # Where both show the same text, what dnspython reads back from it is its own affair.
    if plain(text_of(rdata)) == plain(ours["data"]):
        return
    try:
        again = dns.rdata.from_text(rdclass, rdtype, ours["data"], origin=dns.name.root, relativize=False)
        if wire_of(again) != wire_of(rdata):
            found.append(["text", subject, f"{ours['data']} | {text_of(rdata)}"])
    except Exception as error:
        found.append(["text not readable", subject, f"{reason(error)} | {ours['data']} | {text_of(rdata)}"])


def compare(case):
    wire = bytes.fromhex(case["wire"])
    ours = case["ours"]
    found = []
    questions, records, stopped = walk(wire)
    if questions != ours["questions"]:
        found.append(["questions", ours["stopped"] or "", f"{stopped} | {questions} != {ours['questions']}"])
    elif len(records) != len(ours["records"]):
        found.append(["how far", f"{ours['stopped']}", f"{stopped} | {len(records)} != {len(ours['records'])}"])
    for theirs, mine in zip(records, ours["records"]):
        compare_record(theirs, mine, found)
    if (stopped is None) != (ours["stopped"] is None):
        found.append(["whole", f"{ours['stopped']}", f"{stopped}"])
    try:
        message = dns.message.from_wire(wire, ignore_trailing=True)
        flags = message.flags & 0x07F0
        if [message.id, message.opcode(), flags, message.rcode()] != ours["header"]:
            found.append(["header", "", f"{[message.id, message.opcode(), flags, message.rcode()]} != {ours['header']}"])
    except Exception as error:
        # The parts were compared above; here it only matters whether a whole message is refused that culprit takes.
        if ours["strict"] is None and not found:
            found.append(["only culprit takes", type(error).__name__, str(error)])
    return found


for line in sys.stdin:
    print(json.dumps(compare(json.loads(line))), flush=False)
