# Reads frames of --frames: what a server accepted when it ended its connections, and whether it answered that.
# A stream is accepted when its id is at most the last one of the connection's last GOAWAY. Exit 1: some were not
# answered whole, or no connection had a GOAWAY although requests were under way.
{
  connection = $2
  for (i = 3; i < NF; i++) if ($i == "stream") stream = $(i + 1)
  key = connection " " stream
}
$3 == "->" && $4 == "HEADERS" { sent[key] = 1; requests++ }
$3 == "<-" && ($4 == "HEADERS" || $4 == "DATA") && /END_STREAM/ { answered[key] = 1 }
$3 == "<-" && $4 == "RST_STREAM" { reset[key] = 1 }
$3 == "<-" && $4 == "GOAWAY" {
  for (i = 5; i < NF; i++) if ($i == "last") last[connection] = $(i + 1)
  goaways++
}
END {
  for (key in sent) {
    split(key, part, " ")
    if (key in answered) { whole++; continue }
    if (!(part[1] in last)) { silent++; continue }
    if (part[2] + 0 > last[part[1]] + 0) refused++
    else lost++
  }
  printf "%d requests, %d GOAWAY: %d answered whole, %d refused by GOAWAY, %d accepted and lost, %d without a GOAWAY\n",
    requests, goaways, whole, refused, lost, silent
  exit lost + silent > 0 || whole == 0 || goaways == 0
}
