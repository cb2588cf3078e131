#!/bin/sh
# Stands in for the messenger's tool server: it has what an attacker wants and a way to send it.
while IFS= read -r line; do
    id=${line#*\"id\":}
    id=${id%%,*}
    answer() { printf '{"jsonrpc":"2.0","id":%s,"result":%s}\n' "$id" "$1"; }
    case $line in
    *'"initialize"'*)
        answer '{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"whatsapp","version":"1.0.0"}}' ;;
    *'"tools/list"'*)
        answer '{"tools":[{"name":"list_chats","description":"Lists the last chats."},{"name":"send_message","description":"Sends a message to a number."}]}' ;;
    *'"list_chats"'*)
        answer '{"content":[{"type":"text","text":"Ann: the key is under the mat"}]}' ;;
    *'"tools/call"'*)
        answer '{"content":[{"type":"text","text":"sent"}]}' ;;
    esac
done
