/// What the value of an attribute may do.
enum ScriptAttribute {
    /// Nothing.
    case harmless
    /// Run script or style, whatever it is.
    case script
    /// Load what an address names.
    case address
    /// Name another attribute, which then counts.
    case nameOfAttribute
}

/// The names of tags and attributes that run script.
enum ScriptNames {
    /// Whether a tag of this name runs or loads script, or changes how the rest of the page is read.
    static func isTag(_ name: Span<UInt8>) -> Bool {
        guard name.count >= 3 else { return false }
        return isTag(name, "APPLET") || isTag(name, "BASE") || isTag(name, "COMMENT") || isTag(name, "EMBED")
            || isTag(name, "FRAME") || isTag(name, "FRAMESET") || isTag(name, "HANDLER") || isTag(name, "IFRAME")
            || isTag(name, "IMPORT") || isTag(name, "ISINDEX") || isTag(name, "LINK") || isTag(name, "LISTENER")
            || isTag(name, "META") || isTag(name, "NOSCRIPT") || isTag(name, "OBJECT") || isTag(name, "SCRIPT")
            || isTag(name, "STYLE") || isTag(name, "VMLFRAME") || isTag(name, "XML") || isTag(name, "XSS")
            || name.hasPrefix("SVG", at: 0, ignoringCase: true) || name.hasPrefix("XSL", at: 0, ignoringCase: true)
    }

    @inline(__always)
    private static func isTag(_ name: Span<UInt8>, _ word: StaticString) -> Bool { spells(name, word) }

    /// What the value of an attribute of this name may do.
    static func attribute(_ name: Span<UInt8>) -> ScriptAttribute {
        guard name.count >= 2 else { return .harmless }
        if name.count >= 5 {
            // Every `on…` is taken for the handler of an event; xmlns makes tags of any name.
            if name.hasPrefix("ON", at: 0, ignoringCase: true) { return .script }
            let first = name.extracting(0..<5)
            if spells(first, "XMLNS") || spells(first, "XLINK") { return .script }
        }
        if spells(name, "ATTRIBUTENAME") { return .nameOfAttribute }
        if spells(name, "STYLE") || spells(name, "FILTER") || spells(name, "DATASRC") || spells(name, "DATAFORMATAS") {
            return .script
        }
        let loads =
            spells(name, "HREF") || spells(name, "SRC") || spells(name, "ACTION") || spells(name, "FORMACTION")
            || spells(name, "BACKGROUND") || spells(name, "BY") || spells(name, "DYNSRC") || spells(name, "FOLDER")
            || spells(name, "FROM") || spells(name, "HANDLER") || spells(name, "LOWSRC") || spells(name, "POSTER")
            || spells(name, "TO") || spells(name, "VALUES") || spells(name, "XLINK:HREF")
        return loads ? .address : .harmless
    }

    /// Whether the bytes but for NUL, which old browsers skip, are `word`, which is in capitals, in any case.
    static func spells(_ bytes: Span<UInt8>, _ word: StaticString) -> Bool {
        guard bytes.count >= word.utf8CodeUnitCount else { return false }
        return word.withUTF8Buffer { letters in
            // SAFETY: a static string's bytes live for ever, and `matched` is below the buffer's count where it is used.
            var matched = 0
            for index in 0..<bytes.count where bytes[index] != 0 {
                guard matched < letters.count, unsafe letters[matched] == bytes[index].sqlUppercased else {
                    return false
                }
                matched &+= 1
            }
            return matched == letters.count
        }
    }
}
