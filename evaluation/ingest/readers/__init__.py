"""Reading files of any form into sheets of text: containers, encodings, headers, records."""
