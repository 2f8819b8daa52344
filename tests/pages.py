"""Manual pages that are made up, in the forms in which pages are written."""

import gzip
from pathlib import Path

MAN = r""".TH PACK 1
.SH NAME
pack \- put files into a box
.SH SYNOPSIS
.B pack
[\fIOPTION\fR]... FILE...
.SH OPTIONS
.TP
\fB\-x\fR, \fB\-\-extract\fR
Take files out of the box. They are not removed from it.
.TP
.BR \-z , " \-\-zip"
Squeeze what is in the box.
.TP
\fB\-f\fR, \fB\-\-file\fR=\fIBOX\fR
Use this \fIBOX\fR (e.g. one on a tape) instead of the usual one.
.TP
\fB\-\-color\fR[=\fIWHEN\fR]
Colour the output.
.TP
.B \-n \fINUM\fP
Take so many.
.PD 0
.TP
.B \-q
.TP
.B \-\-quiet
Say nothing.
.PD
.SH EXAMPLES
.TP
pack \-x
An example, which is no option.
"""
MDOC = r""".Dd January 1, 2026
.Dt SEND 1
.Sh NAME
.Nm send
.Nd send files to another host
.Sh DESCRIPTION
.Bl -tag -width Ds
.It Fl p Ar port
The
.Ar port
to use.
.It Fl 4
Use IPv4 only.
.El
"""
DOCBOOK = r""".TH "BOX\-ADD" 1
.SH "NAME"
box-add \- Add to the box
.SH "OPTIONS"
.PP
\fB\-\-[no\-]force\fR, \fB\-\-force=<name>\fR
.RS 4
Add it although it is there\&. Further words\&.
.RE
.PP
\-m <msg>, \-\-message=<msg>
.RS 4
Say why\&.
.RE
.SH "COMMANDS"
.PP
\fBlist\fR [\fIPATTERN\fR]
.RS 4
List what is in the box\&.
.RE
"""
POD = r""".if !\nF .nr F 0
.de Sp
.if t .sp .5v
.if n .sp
..
.TH COPYBITS 1
.SH "NAME"
copybits \- copy bits
.SH "OPTIONS"
.IP "\fBif=FILE\fR" 4
.IX Item "if=FILE"
Read from \s-1FILE\s0.
.IP "\-\-deep" 4
Go deep.
.IP "\(bu" 4
A bullet is no option.
"""


def write_pages(folder: Path, **pages: str) -> Path:
    """Write pages by name (`_` stands for `-`), each compressed; return the folder for MANPATH."""
    inside = folder / "man1"
    inside.mkdir(parents=True, exist_ok=True)
    for name, text in pages.items():
        with gzip.open(inside / f"{name.replace('_', '-')}.1.gz", "wb") as file:
            file.write(text.encode())
    return folder
