"""Names of the countries and currencies whose codes the wire carries, for people who pick one."""

import unicodedata


def _names(text: str) -> dict[str, str]:
    """Code to name, in the order of the names."""
    named = [entry.split(maxsplit=1) for entry in text.split(";")]
    # Taken apart, Å stands among the letters A.
    in_order = sorted(named, key=lambda entry: unicodedata.normalize("NFD", entry[1]))
    return {code: name.strip() for code, name in in_order}


COUNTRY_NAMES = _names(
    """
    AD Andorra; AE United Arab Emirates; AF Afghanistan; AG Antigua and Barbuda; AI Anguilla; AL Albania; AM Armenia;
    AO Angola; AQ Antarctica; AR Argentina; AS American Samoa; AT Austria; AU Australia; AW Aruba; AX Åland Islands;
    AZ Azerbaijan; BA Bosnia and Herzegovina; BB Barbados; BD Bangladesh; BE Belgium; BF Burkina Faso; BG Bulgaria;
    BH Bahrain; BI Burundi; BJ Benin; BL Saint Barthélemy; BM Bermuda; BN Brunei; BO Bolivia;
    BQ Caribbean Netherlands; BR Brazil; BS Bahamas; BT Bhutan; BV Bouvet Island; BW Botswana; BY Belarus; BZ Belize;
    CA Canada; CC Cocos (Keeling) Islands; CD Congo (Kinshasa); CF Central African Republic; CG Congo (Brazzaville);
    CH Switzerland; CI Côte d'Ivoire; CK Cook Islands; CL Chile; CM Cameroon; CN China; CO Colombia; CR Costa Rica;
    CU Cuba; CV Cabo Verde; CW Curaçao; CX Christmas Island; CY Cyprus; CZ Czechia; DE Germany; DJ Djibouti;
    DK Denmark; DM Dominica; DO Dominican Republic; DZ Algeria; EC Ecuador; EE Estonia; EG Egypt; EH Western Sahara;
    ER Eritrea; ES Spain; ET Ethiopia; FI Finland; FJ Fiji; FK Falkland Islands; FM Micronesia; FO Faroe Islands;
    FR France; GA Gabon; GB United Kingdom; GD Grenada; GE Georgia; GF French Guiana; GG Guernsey; GH Ghana;
    GI Gibraltar; GL Greenland; GM Gambia; GN Guinea; GP Guadeloupe; GQ Equatorial Guinea; GR Greece;
    GS South Georgia; GT Guatemala; GU Guam; GW Guinea-Bissau; GY Guyana; HK Hong Kong; HM Heard and McDonald Islands;
    HN Honduras; HR Croatia; HT Haiti; HU Hungary; ID Indonesia; IE Ireland; IL Israel; IM Isle of Man; IN India;
    IO British Indian Ocean Territory; IQ Iraq; IR Iran; IS Iceland; IT Italy; JE Jersey; JM Jamaica; JO Jordan;
    JP Japan; KE Kenya; KG Kyrgyzstan; KH Cambodia; KI Kiribati; KM Comoros; KN Saint Kitts and Nevis; KP North Korea;
    KR South Korea; KW Kuwait; KY Cayman Islands; KZ Kazakhstan; LA Laos; LB Lebanon; LC Saint Lucia;
    LI Liechtenstein; LK Sri Lanka; LR Liberia; LS Lesotho; LT Lithuania; LU Luxembourg; LV Latvia; LY Libya;
    MA Morocco; MC Monaco; MD Moldova; ME Montenegro; MF Saint Martin; MG Madagascar; MH Marshall Islands;
    MK North Macedonia; ML Mali; MM Myanmar; MN Mongolia; MO Macao; MP Northern Mariana Islands; MQ Martinique;
    MR Mauritania; MS Montserrat; MT Malta; MU Mauritius; MV Maldives; MW Malawi; MX Mexico; MY Malaysia;
    MZ Mozambique; NA Namibia; NC New Caledonia; NE Niger; NF Norfolk Island; NG Nigeria; NI Nicaragua;
    NL Netherlands; NO Norway; NP Nepal; NR Nauru; NU Niue; NZ New Zealand; OM Oman; PA Panama; PE Peru;
    PF French Polynesia; PG Papua New Guinea; PH Philippines; PK Pakistan; PL Poland; PM Saint Pierre and Miquelon;
    PN Pitcairn Islands; PR Puerto Rico; PS Palestine; PT Portugal; PW Palau; PY Paraguay; QA Qatar; RE Réunion;
    RO Romania; RS Serbia; RU Russia; RW Rwanda; SA Saudi Arabia; SB Solomon Islands; SC Seychelles; SD Sudan;
    SE Sweden; SG Singapore; SH Saint Helena; SI Slovenia; SJ Svalbard and Jan Mayen; SK Slovakia; SL Sierra Leone;
    SM San Marino; SN Senegal; SO Somalia; SR Suriname; SS South Sudan; ST São Tomé and Príncipe; SV El Salvador;
    SX Sint Maarten; SY Syria; SZ Eswatini; TC Turks and Caicos Islands; TD Chad; TF French Southern Territories;
    TG Togo; TH Thailand; TJ Tajikistan; TK Tokelau; TL Timor-Leste; TM Turkmenistan; TN Tunisia; TO Tonga;
    TR Türkiye; TT Trinidad and Tobago; TV Tuvalu; TW Taiwan; TZ Tanzania; UA Ukraine; UG Uganda;
    UM United States Minor Outlying Islands; US United States; UY Uruguay; UZ Uzbekistan; VA Vatican City;
    VC Saint Vincent and the Grenadines; VE Venezuela; VG British Virgin Islands; VI US Virgin Islands; VN Vietnam;
    VU Vanuatu; WF Wallis and Futuna; WS Samoa; YE Yemen; YT Mayotte; ZA South Africa; ZM Zambia; ZW Zimbabwe
    """
)

CURRENCY_NAMES = _names(
    """
    AED UAE dirham; ARS Argentine peso; AUD Australian dollar; BDT Bangladeshi taka; BGN Bulgarian lev;
    BHD Bahraini dinar; BRL Brazilian real; CAD Canadian dollar; CHF Swiss franc; CLP Chilean peso; CNY Chinese yuan;
    COP Colombian peso; CRC Costa Rican colón; CZK Czech koruna; DKK Danish krone; DOP Dominican peso;
    EGP Egyptian pound; EUR Euro; GBP Pound sterling; GHS Ghanaian cedi; GTQ Guatemalan quetzal; HKD Hong Kong dollar;
    HNL Honduran lempira; HUF Hungarian forint; IDR Indonesian rupiah; ILS Israeli shekel; INR Indian rupee;
    ISK Icelandic króna; JMD Jamaican dollar; JOD Jordanian dinar; JPY Japanese yen; KES Kenyan shilling;
    KRW South Korean won; KWD Kuwaiti dinar; KZT Kazakhstani tenge; LKR Sri Lankan rupee; MAD Moroccan dirham;
    MXN Mexican peso; MYR Malaysian ringgit; NGN Nigerian naira; NOK Norwegian krone; NPR Nepalese rupee;
    NZD New Zealand dollar; OMR Omani rial; PAB Panamanian balboa; PEN Peruvian sol; PHP Philippine peso;
    PKR Pakistani rupee; PLN Polish złoty; PYG Paraguayan guaraní; QAR Qatari riyal; RON Romanian leu;
    RSD Serbian dinar; SAR Saudi riyal; SEK Swedish krona; SGD Singapore dollar; THB Thai baht; TRY Turkish lira;
    TTD Trinidad and Tobago dollar; TWD New Taiwan dollar; TZS Tanzanian shilling; UAH Ukrainian hryvnia;
    UGX Ugandan shilling; USD US dollar; UYU Uruguayan peso; VND Vietnamese đồng; XAF Central African CFA franc;
    XOF West African CFA franc; ZAR South African rand; ZMW Zambian kwacha
    """
)
