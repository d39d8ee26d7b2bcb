# cmake -DIN=FILE -DOUT=FILE.c -DNAME=symbol -P embed.cmake: the file's text as `const char symbol[]`.
file(READ "${IN}" text)
string(REPLACE "\\" "\\\\" text "${text}")
string(REPLACE "\"" "\\\"" text "${text}")
string(REPLACE "\n" "\\n\"\n\"" text "${text}")
get_filename_component(from "${IN}" NAME)
file(WRITE "${OUT}" "// Made from ${from} by embed.cmake.\nextern const char ${NAME}[];\nconst char ${NAME}[] = \"${text}\";\n")
