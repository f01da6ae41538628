/// Finds script injection in a value, as the operator `detectXSS` does: equal in effect to libinjection.
///
/// The value is read as HTML in five places of a page: as text, inside a tag, and inside an attribute's value in single,
/// double and back quotes. It is an injection where one of these readings has a tag, an attribute or an address that
/// runs script, a document type, or a comment that old browsers run. Linear in the size of the value, without allocation.
public enum ScriptInjection {
    /// Whether `input` is an injection in one of the five places.
    public static func detect(_ input: Span<UInt8>) -> Bool {
        var hasMarkup = false
        var hasSingle = false
        var hasDouble = false
        var hasBack = false
        for index in 0..<input.count {
            switch input[index] {
            case UInt8(ascii: "<"), UInt8(ascii: "="): hasMarkup = true
            case UInt8(ascii: "'"): hasSingle = true
            case UInt8(ascii: "\""): hasDouble = true
            case UInt8(ascii: "`"): hasBack = true
            default: continue
            }
        }
        // Every injection has a tag or a value of an attribute, and none is inside a quote that does not end.
        guard hasMarkup else { return false }
        return isInjection(input, .text) || isInjection(input, .tag)
            || hasSingle && isInjection(input, .singleQuoted)
            || hasDouble && isInjection(input, .doubleQuoted)
            || hasBack && isInjection(input, .backquoted)
    }

    private static func isInjection(_ input: Span<UInt8>, _ context: HTMLTokenizer.Context) -> Bool {
        var tokenizer = HTMLTokenizer(context)
        var attribute = ScriptAttribute.harmless
        while tokenizer.next(input) {
            let text = input.extracting(tokenizer.start..<tokenizer.end)
            switch tokenizer.kind {
            case .documentType: return true
            case .tagName: if ScriptNames.isTag(text) { return true }
            case .attributeName:
                attribute = ScriptNames.attribute(text)
                continue
            case .attributeValue: if runs(text, in: attribute) { return true }
            case .comment: if runs(comment: text) { return true }
            case .text, .tagEnd: break
            }
            attribute = .harmless
        }
        return false
    }

    private static func runs(_ value: Span<UInt8>, in attribute: ScriptAttribute) -> Bool {
        switch attribute {
        case .harmless: false
        case .script: true
        case .address: ScriptAddress.runs(value)
        case .nameOfAttribute: ScriptNames.attribute(value) != .harmless
        }
    }

    /// Internet Explorer ends a comment at a backquote and runs conditional ones, `<?xml`, `<?import` and `<!ENTITY`.
    private static func runs(comment: Span<UInt8>) -> Bool {
        if comment.firstIndex(of: UInt8(ascii: "`"), from: 0) != nil { return true }
        if comment.count > 3 {
            if comment.hasPrefix("[IF", at: 0, ignoringCase: true) { return true }
            if comment.hasPrefix("XML", at: 0, ignoringCase: true) { return true }
        }
        guard comment.count > 5 else { return false }
        let first = comment.extracting(0..<6)
        return ScriptNames.spells(first, "IMPORT") || ScriptNames.spells(first, "ENTITY")
    }
}
